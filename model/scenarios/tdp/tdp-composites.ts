import { type BoundsInput, mergeBounds } from '../../memory/bounds.ts'
import type { Kvm } from '../../memory/kvm.ts'
import { scenario } from '../build-scenario.ts'
import type { Scenario } from '../scenario.ts'
import { runOnOneRoot, TDP } from './tdp-roots.ts'

const YIELDS: BoundsInput = mergeBounds(TDP, { tdp: { yields: true } })

const PROPERTIES = [
  'every-access-can-finish',
  'no-deadlock',
  'no-use-after-free',
  'mmu-spte-update-keeps-the-pfn',
]

/** The parts of the TDP MMU together: faults, a notifier, the zap of all roots with yields, a memslot that goes. */
export const tdpCompositeScenarios: readonly Scenario<Kvm>[] = [
  scenario({
    id: 'tdp-slot-delete',
    title: 'a memslot is deleted while a vCPU faults in it and beside it, with the TDP MMU',
    about:
      'Both memslot installations and their grace periods, and between them the zap of the invalidated root, with yields. The second gfn is in a slot that stays: faults on it build the new root.',
    bounds: mergeBounds(YIELDS, {
      shadow: { pages: 5 },
      guest: { gvas: 2 },
      memslots: { slots: 1, deletes: 1, of: [0, null] },
    }),
    start: { tables: [], begin: (kvm) => runOnOneRoot(kvm, 2, [1]) },
    properties: PROPERTIES,
  }),
  scenario({
    id: 'tdp-zap-all-notifier',
    title: 'the host takes a page away while an invalidated root that maps it is zapped, dropping mmu_lock',
    about:
      'A notifier must find the invalid root as well as the new one, at every point of the zap: after each yield, and when the zap has not begun. Roots of one level, which map two gfns.',
    bounds: mergeBounds(YIELDS, {
      shadow: { pages: 3, levels: 1 },
      host: { pfns: 4 },
      notifier: { threads: 1, invalidations: 1, of: [0] },
      zap: { all: 1 },
    }),
    start: { tables: [], begin: (kvm) => runOnOneRoot(kvm, 1, [0, 1]) },
    properties: [...PROPERTIES, 'zap-all-can-finish'],
  }),
]
