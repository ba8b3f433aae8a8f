import type { Kvm } from '../../memory/kvm.ts'
import { scenario } from '../build-scenario.ts'
import type { Scenario } from '../scenario.ts'

/** Aging: since v6.15 rmaps are walked without mmu_lock to test and clear Accessed bits. */
export const agingScenarios: readonly Scenario<Kvm>[] = [
  scenario({
    id: 'aging-rmap',
    title: 'the host ages a page while a vCPU maps it and the shadow page is zapped',
    about:
      'Aging does not take mmu_lock. The rmap of the gfn is empty at first, so it is not locked, and a fault can add an SPTE at any time; the shadow page is freed when its root is dropped. Only the lock bit keeps the page until the walk is over. The base starts the walk from the head that was locked, as v7.2 does; v6.15 reads the head again (design rmap-head-read-again).',
    bounds: { shadow: { pages: 2 }, zap: { threads: 1, pages: 1 }, aging: { calls: 1, of: [1] } },
    start: { tables: [[1]], pages: [{ gfn: 0, level: 1 }] },
    properties: [
      'no-use-after-free',
      'no-freed-spte-on-rmap',
      'leaf-is-on-its-rmap',
      'rmap-holds-present-sptes',
      'every-access-can-finish',
      'no-deadlock',
      'aging-holds-back-a-zap',
    ],
  }),
  scenario({
    id: 'aging-notifier',
    title: 'the host ages a page while it also takes the page away',
    about:
      'A notifier empties the rmap under mmu_lock. Aging walks it without mmu_lock, so the notifier waits for the lock bit of the rmap, with mmu_lock held.',
    bounds: {
      shadow: { pages: 1 },
      host: { pfns: 4 },
      notifier: { threads: 1, invalidations: 1, of: [1] },
      aging: { calls: 1, of: [1] },
      hostInterrupt: {},
    },
    start: { tables: [[1]], pages: [{ gfn: 0, level: 1 }], filled: true },
    properties: [
      'no-use-after-free',
      'locked-rmap-does-not-change',
      'no-mapping-of-a-lost-page',
      'no-flush-debt-at-unlock',
      'every-access-can-finish',
      'no-deadlock',
      'aging-holds-back-a-notifier',
    ],
  }),
]
