import type { Kvm } from '../../memory/kvm.ts'
import { scenario } from '../build-scenario.ts'
import { TWO_ROOTS_MAPPED } from '../memslots/slots.ts'
import type { Scenario } from '../scenario.ts'

/** Everything that can interfere with a walk of rmaps without mmu_lock. */
export const unlockedWalkScenarios: readonly Scenario<Kvm>[] = [
  scenario({
    id: 'slot-delete-rmap-chain',
    title:
      'a memslot is deleted; two shadow pages map its gfn, so that the rmap is a chain with a descriptor',
    about:
      'For the designs of question seed-001 that walk the rmap without mmu_lock: a notifier removes entries from it, the shrinker frees shadow pages, a vCPU drops its root. Descriptors are objects that can be freed.',
    bounds: {
      shadow: { pages: 3, descs: 1 },
      guest: { gfns: 3 },
      host: { pfns: 4 },
      memslots: { slots: 1, of: [null, null, 0], deletes: 1 },
      notifier: { threads: 1, invalidations: 1, of: [2] },
      zap: { reclaims: 1 },
    },
    start: TWO_ROOTS_MAPPED,
    properties: [
      'no-freed-spte-on-rmap',
      'no-spte-of-a-freed-slot',
      'no-use-after-free',
      'nothing-added-to-an-invalid-slot',
      'no-mapping-of-a-lost-page',
      'zap-all-can-finish',
      'no-deadlock',
    ],
  }),
]
