import { type BoundsInput, mergeBounds } from '../../memory/bounds.ts'
import type { Kvm } from '../../memory/kvm.ts'
import { tdp_mmu_alloc_sp } from '../../memory/tdp/roots.ts'
import { type Plan, scenario } from '../build-scenario.ts'
import type { Scenario } from '../scenario.ts'
import { runOnOneRoot, TDP } from './tdp-roots.ts'

const YIELDS: BoundsInput = mergeBounds(TDP, { tdp: { yields: true } })

const PROPERTIES = [
  'every-access-can-finish',
  'no-deadlock',
  'no-use-after-free',
  'mmu-spte-update-keeps-the-pfn',
]

/** Exported because designs build their steps for these bounds. */
export const TDP_RANGE: Plan = {
  id: 'tdp-range-notifier',
  title:
    'a vCPU uses two pages of a range that the host takes away, and another host thread takes the first, with the TDP MMU',
  about:
    'The walk below a root may drop mmu_lock between two leaves. The second thread then finds no SPTE of the first gfn and does not flush, so the walk must have flushed before.',
  bounds: mergeBounds(TDP, {
    shadow: { pages: 2 },
    guest: { gvas: 2, reads: [0] },
    host: { pfns: 8 },
    notifier: { threads: 2, invalidations: 1, of: [0], range: [0, 1], breaks: true },
  }),
  start: { tables: [], begin: (kvm) => runOnOneRoot(kvm, 2, [0, 1]) },
  properties: [
    ...PROPERTIES,
    'kvm-unmap-gfn-range-is-inside-an-invalidation',
    'tdp-range-is-unmapped-in-two-sections',
  ],
}

/** All vCPUs run on page 0. Page 2 is an older root, invalid and not zapped yet, which maps gfn 1; nothing uses it. */
function anOldRootIsLeft(kvm: Kvm): void {
  runOnOneRoot(kvm, 2, [0])
  const old = tdp_mmu_alloc_sp(kvm, 0, 2, 'tdp_mmu_roots')
  kvm.page[old].root_count = 1
  kvm.page[old].role_invalid = true
  kvm.page[old].request_sent = true
  kvm.page[old].tdp_mmu_scheduled_root_to_zap = true
  const table = tdp_mmu_alloc_sp(kvm, 0, 1, 'tdp_mmu')
  Object.assign(kvm.page[old].spte[0], { kind: 'non-leaf', child: table })
  Object.assign(kvm.page[table].spte[1], { kind: 'leaf', gfn: 1, pfn: 1, w: true, mmuw: true })
}

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
  scenario(TDP_RANGE),
  scenario({
    id: 'tdp-range-two-roots',
    title: 'the host takes a range of two pages away below the root in use and an invalid one',
    about:
      'What the walk below the first root owes must be flushed before a yield below the second, where nothing is owed. The second thread takes the first page meanwhile.',
    bounds: mergeBounds(TDP, {
      shadow: { pages: 4 },
      guest: { reads: [0] },
      host: { pfns: 8 },
      notifier: { threads: 2, invalidations: 1, of: [0], range: [0, 1], breaks: true },
    }),
    start: { tables: [], begin: anOldRootIsLeft },
    properties: PROPERTIES,
  }),
  scenario({
    id: 'tdp-range-zap-all',
    title: 'the host takes a range of two pages away while an invalidated root is zapped; both drop mmu_lock',
    about:
      'Each walk holds a reference to the root that it is at, so that the other cannot free it. The vCPU loads roots, enters the guest and makes no access there. Roots of one level.',
    bounds: mergeBounds(TDP, {
      shadow: { pages: 3, levels: 1 },
      host: { pfns: 3 },
      guest: { reads: [] },
      notifier: { threads: 1, invalidations: 1, range: [0, 1], breaks: true },
      zap: { all: 1 },
    }),
    start: { tables: [], begin: (kvm) => runOnOneRoot(kvm, 1, [0, 1]) },
    properties: [
      'zap-all-can-finish',
      'tdp-root-without-references-is-freed',
      'no-deadlock',
      'no-use-after-free',
    ],
  }),
  scenario({
    id: 'tdp-nx-recovery',
    title: 'a kernel thread recovers an NX huge page while the host takes a page below it away',
    about:
      'The table is unlinked with mmu_lock held for read, and its entries are frozen; the flush comes before RCU is left. Afterwards the notifier finds no SPTE and does not flush, and the table is freed.',
    bounds: mergeBounds(TDP, {
      tdp: { recoveries: 1 },
      shadow: { pages: 3 },
      host: { pfns: 4 },
      notifier: { threads: 1, invalidations: 1, of: [0] },
    }),
    start: { tables: [], begin: (kvm) => runOnOneRoot(kvm, 2, [0]) },
    properties: PROPERTIES,
  }),
  scenario({
    id: 'tdp-composite',
    title:
      'two vCPUs fault while their memslot is deleted and the host takes a range of it away, with the TDP MMU',
    about:
      'All of it at once: the zap of the invalidated root and the walk of the notifier drop mmu_lock where they may, the root changes, the slot goes.',
    bounds: mergeBounds(YIELDS, {
      vcpus: 2,
      shadow: { pages: 4, levels: 1 },
      host: { pfns: 5 },
      memslots: { slots: 1, deletes: 1, of: [0, 0] },
      notifier: { threads: 1, invalidations: 1, range: [0, 1], breaks: true },
    }),
    start: { tables: [], begin: (kvm) => runOnOneRoot(kvm, 1, [0, 1]) },
    properties: PROPERTIES,
    deep: true,
  }),
]
