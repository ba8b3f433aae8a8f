import { type BoundsInput, mergeBounds } from '../../memory/bounds.ts'
import type { Kvm } from '../../memory/kvm.ts'
import { alloc_shadow_page, INDIRECT, type Role } from '../../memory/shadow/shadow-page.ts'
import { account_shadowed } from '../../memory/shadow/write-tracking.ts'
import { tdp_mmu_alloc_sp } from '../../memory/tdp/roots.ts'
import { scenario } from '../build-scenario.ts'
import type { Scenario } from '../scenario.ts'
import { link } from '../start.ts'

const NESTED: Role = { ...INDIRECT, guest_mode: true }

/** L1 runs on a direct root with one level; its nested tables have two. */
const L1_WRITES_NESTED_TABLES: BoundsInput = {
  vcpus: 2,
  nested: { mmus: 2 },
  tdp: { on: true },
  shadow: { levels: 2, rootLevels: [1] },
  guest: { reads: [], dataWrites: true },
}

/**
 * L2 has run before: the upper nested table, at gfn `upper`, and the lower ones, at the gfns below it, are
 * shadowed. Both vCPUs run L1 on one direct root.
 */
function nestedTablesAreShadowed(kvm: Kvm, upper: number): void {
  alloc_shadow_page(kvm, 0, upper, 2, NESTED)
  account_shadowed(kvm, 0)
  for (let lower = 0; lower < upper; lower++) {
    alloc_shadow_page(kvm, 1 + lower, lower, 1, NESTED)
    account_shadowed(kvm, 1 + lower)
    link(kvm, 0, lower, 1 + lower)
  }
  const root = tdp_mmu_alloc_sp(kvm, 0, 1, 'tdp_mmu_roots')
  kvm.page[root].root_count = 1
  for (const vcpu of kvm.vcpu) {
    vcpu.root = root
    vcpu.root_pgd = 0
    kvm.page[root].root_count++
  }
}

const PROPERTIES = [
  'unsync-children-are-counted',
  'unsync-page-can-be-found',
  'page-goes-unsync-once',
  'writable-table-is-unsync',
  'root-count-is-number-of-holders',
  'page-on-one-list',
  'every-access-can-finish',
  'no-deadlock',
  'two-vcpus-unsync-at-once',
]

/** Faults that hold mmu_lock for read. */
export const tdpFaultScenarios: readonly Scenario<Kvm>[] = [
  scenario({
    id: 'unsync-under-read-lock',
    title: 'two vCPUs of L1 write to the same nested page table',
    about:
      'TDP is on, and L2 has run before: its nested tables are shadowed. Faults of L1 take mmu_lock for read and find a shadow page to mark unsync. One page, one parent.',
    bounds: mergeBounds(L1_WRITES_NESTED_TABLES, {
      shadow: { pages: 3 },
      guest: { gfns: 2 },
      host: { pfns: 2 },
    }),
    start: { tables: [[null], [0]], begin: (kvm) => nestedTablesAreShadowed(kvm, 1) },
    properties: PROPERTIES,
  }),
  scenario({
    id: 'unsync-siblings-under-read-lock',
    title: 'two vCPUs of L1 write to two nested page tables with the same parent',
    about:
      'As unsync-under-read-lock, with two lower tables: their shadow pages share the bitmap and the counter of one parent.',
    bounds: mergeBounds(L1_WRITES_NESTED_TABLES, {
      shadow: { pages: 4 },
      guest: { gfns: 3, gvas: 2 },
      host: { pfns: 3 },
    }),
    start: {
      tables: [
        [null, null],
        [null, null],
        [0, 1],
      ],
      begin: (kvm) => nestedTablesAreShadowed(kvm, 2),
    },
    properties: PROPERTIES,
  }),
]
