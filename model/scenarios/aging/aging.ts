import { mergeBounds } from '../../memory/bounds.ts'
import type { Kvm } from '../../memory/kvm.ts'
import { tdp_mmu_alloc_sp } from '../../memory/tdp/roots.ts'
import { type Plan, scenario } from '../build-scenario.ts'
import type { Scenario } from '../scenario.ts'
import { runOnOneRoot, TDP } from '../tdp/tdp-roots.ts'

/**
 * The vCPU has left L1 for L2, which has no root yet. L1's root is that of the other context, and maps the page at frame 2.
 */
function beforeFirstShadowRoot(kvm: Kvm): void {
  const root = tdp_mmu_alloc_sp(kvm, 0, 1, 'tdp_mmu_roots')
  kvm.page[root].root_count = 2
  const [vcpu] = kvm.vcpu
  vcpu.nested = true
  vcpu.cr3 = 1
  vcpu.other_mmu[0].root = root
  vcpu.other_mmu[0].root_pgd = 0
  const leaf = kvm.page[root].spte[2]
  leaf.kind = 'leaf'
  leaf.gfn = 2
  leaf.pfn = 2
  leaf.w = true
  leaf.mmuw = true
  leaf.accessed = true
}

/** A page that L1 reads through a TDP root and its guest L2 through a shadow page. */
export const NESTED_AGING: Plan = {
  id: 'nested-aging',
  title: 'the host ages a page that L1 and L2 read, by the check before eviction and by its walk',
  about:
    'L1 reads the page through a root of the TDP MMU, whose SPTEs are on no rmap, and L2 through a shadow page, which exists once L2 has run: at the beginning L1 has read the page, and runs L2 for the first time. The page is in two memslots, as with SMM: a call visits first the one, then the other. What a call clears it must report.',
  bounds: {
    nested: { mmus: 2, runs: 1 },
    tdp: { on: true },
    shadow: { pages: 2 },
    guest: { gfns: 4, pgds: 2, gvas: 3, reads: [2] },
    host: { pfns: 4 },
    aging: { calls: 2, of: [2, 3], accessed: true },
  },
  start: {
    tables: [
      [null, null, null],
      [null, null, 3],
    ],
    begin: (kvm) => {
      kvm.host_pte[3] = 2
      beforeFirstShadowRoot(kvm)
    },
  },
  properties: [
    'no-access-consumed-in-silence',
    'rmap-is-aged-under-a-lock',
    'aging-changes-the-accessed-bit-only',
    'access-is-seen-before-eviction',
    'access-is-seen-by-the-walk',
    'no-use-after-free',
    'every-access-can-finish',
    'no-deadlock',
    'both-kinds-of-roots-are-aged',
  ],
}

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
  scenario({
    id: 'aging-chain',
    title: 'the host ages a page that two shadow pages map, while one of them is zapped',
    about:
      'The rmap is a chain of two SPTEs. The walk takes the lock bit once, and steps from one SPTE to the next under it; the thread that zaps either page waits for the bit.',
    bounds: {
      shadow: { pages: 3 },
      guest: { gfns: 3, pgds: 2 },
      host: { pfns: 3 },
      zap: { threads: 1, pages: 1 },
      aging: { calls: 1, of: [2] },
    },
    start: {
      tables: [[2], [2]],
      pages: [
        { gfn: 0, level: 1 },
        { gfn: 1, level: 1 },
      ],
      filled: true,
    },
    properties: [
      'no-use-after-free',
      'locked-rmap-does-not-change',
      'no-freed-spte-on-rmap',
      'leaf-is-on-its-rmap',
      'rmap-holds-present-sptes',
      'every-access-can-finish',
      'no-deadlock',
      'aging-holds-back-a-zap',
    ],
  }),
  scenario(NESTED_AGING),
  scenario({
    ...NESTED_AGING,
    id: 'nested-aging-one-slot',
    title: 'the host ages a page in one memslot that L1 and L2 read',
    about: 'As nested-aging, without a second memslot of the same page: one slot decides about a call.',
    bounds: mergeBounds(NESTED_AGING.bounds, { guest: { gfns: 3 }, host: { pfns: 3 }, aging: { of: [2] } }),
    start: {
      tables: [
        [null, null, null],
        [null, null, 2],
      ],
      begin: beforeFirstShadowRoot,
    },
  }),
  scenario({
    ...NESTED_AGING,
    id: 'nested-aging-access-tracking',
    title: 'the host ages a page that L1 and L2 read, on a CPU without Accessed bits',
    about:
      'As nested-aging; aging takes the permissions of an SPTE away, and the next access faults and gives them back.',
    bounds: mergeBounds(NESTED_AGING.bounds, { aging: { withoutAd: true } }),
  }),
  scenario({
    id: 'aging-frozen',
    title: 'the host ages a page while a fault replaces the table that maps it by a huge page',
    about:
      'Two vCPUs write to a page that a read fault has mapped read-only. A fault that chooses a huge page unlinks the table, and freezes its entries one by one, with mmu_lock held for read; aging, which holds no lock, has read a leaf in the table and is about to clear its Accessed bit. The other vCPU may be in the table with a fault.',
    bounds: {
      ...TDP,
      vcpus: 2,
      tdp: { on: true, huge: true },
      guest: { gfns: 2, entries: 2, reads: [], dataWrites: true },
      aging: { calls: 1, of: [0], accessed: true },
    },
    start: {
      tables: [],
      begin: (kvm) => {
        runOnOneRoot(kvm, 2, [0])
        const leaf = kvm.page[1].spte[0]
        leaf.accessed = true
        leaf.w = false
        leaf.mmuw = false
      },
    },
    properties: [
      'aging-changes-the-accessed-bit-only',
      'no-access-consumed-in-silence',
      'frozen-spte-stays-frozen',
      'freed-tdp-page-maps-nothing',
      'no-use-after-free',
      'every-access-can-finish',
      'no-deadlock',
    ],
    leavesOut: {
      'access-is-seen-before-eviction':
        'The bit may go with its table, which a zap is allowed to do: the page is mapped anew.',
      'access-is-seen-by-the-walk':
        'The bit may go with its table, which a zap is allowed to do: the page is mapped anew.',
    },
  }),
]
