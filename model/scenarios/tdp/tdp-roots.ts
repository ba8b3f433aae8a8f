import type { BoundsInput } from '../../memory/bounds.ts'
import type { Kvm } from '../../memory/kvm.ts'
import { tdp_mmu_alloc_sp } from '../../memory/tdp/roots.ts'
import { type Plan, scenario } from '../build-scenario.ts'
import type { Scenario } from '../scenario.ts'

/** Two levels, so that there are tables below a root. */
export const TDP: BoundsInput = {
  tdp: { on: true },
  shadow: { pages: 4, levels: 2 },
  guest: { gfns: 2, entries: 2 },
}

/** All vCPUs run on one root, page 0, whose first table, page 1, maps the gfns of `mapped`. */
export function runOnOneRoot(kvm: Kvm, levels: number, mapped: readonly number[]): void {
  const root = tdp_mmu_alloc_sp(kvm, 0, levels, 'tdp_mmu_roots')
  kvm.page[root].root_count = 1
  for (const vcpu of kvm.vcpu) {
    vcpu.root = root
    kvm.page[root].root_count++
  }
  if (mapped.length === 0) return
  let table = root
  for (let level = levels - 1; level > 0; level--) {
    const child = tdp_mmu_alloc_sp(kvm, 0, level, 'tdp_mmu')
    const link = kvm.page[table].spte[0]
    link.kind = 'non-leaf'
    link.child = child
    table = child
  }
  for (const gfn of mapped) {
    const leaf = kvm.page[table].spte[gfn]
    leaf.kind = 'leaf'
    leaf.gfn = gfn
    leaf.pfn = gfn
    leaf.w = true
    leaf.mmuw = true
  }
}

/** Exported because designs build their steps for these bounds. */
export const TDP_HUGE_PAGE: Plan = {
  id: 'tdp-huge-page',
  title: 'two vCPUs fault, and one replaces a table by a huge page',
  about:
    'A table maps one of its two gfns, and the host pages are contiguous. A fault that chooses level 2 unlinks the table, freezes its entries and flushes, while the other vCPU may fault in the table, or walk it in hardware. A fault that chooses level 1 splits the huge page again.',
  bounds: {
    ...TDP,
    vcpus: 2,
    tdp: { on: true, huge: true },
    shadow: { pages: 4, levels: 2 },
  },
  start: { tables: [], begin: (kvm) => runOnOneRoot(kvm, 2, [1]) },
  properties: [
    'every-access-can-finish',
    'no-deadlock',
    'no-use-after-free',
    'mmu-spte-update-keeps-the-pfn',
  ],
}

/** Exported because designs build their steps for these bounds. */
export const TDP_ZAP_ALL: Plan = {
  id: 'tdp-zap-all',
  title: 'a memslot update zaps the invalidated root, dropping mmu_lock in between, while a vCPU faults',
  about:
    'kvm_mmu_zap_all_fast(): the root becomes invalid under mmu_lock, and is zapped after the lock was dropped, with yields, while the vCPU loads another and faults below it.',
  bounds: { ...TDP, tdp: { on: true, yields: true }, shadow: { pages: 5, levels: 2 }, zap: { all: 1 } },
  start: { tables: [], begin: (kvm) => runOnOneRoot(kvm, 2, [1]) },
  properties: [
    'every-access-can-finish',
    'zap-all-can-finish',
    'zap-all-terminates',
    'no-deadlock',
    'no-use-after-free',
  ],
}

/** Roots of the TDP MMU, and the zap of all of them. */
export const tdpRootScenarios: readonly Scenario<Kvm>[] = [
  scenario({
    id: 'tdp-two-faults',
    title: 'two vCPUs without a root fault on the same gfn',
    about:
      'Both look for a root, add one, link a table and set the leaf SPTE, with mmu_lock held for read: each of the three is raced for.',
    bounds: { ...TDP, vcpus: 2 },
    start: { tables: [] },
    properties: ['every-access-can-finish', 'no-deadlock', 'no-use-after-free'],
  }),
  scenario(TDP_ZAP_ALL),
  scenario(TDP_HUGE_PAGE),
  scenario({
    id: 'tdp-fault-notifier',
    title: 'two vCPUs fault while the host takes the page away, with the TDP MMU',
    about:
      'kvm_tdp_mmu_unmap_gfn_range() zaps the leaf SPTE under the write lock. Between the lookup of the host page and the read lock a notifier may begin and end.',
    bounds: {
      ...TDP,
      vcpus: 2,
      host: { pfns: 4 },
      notifier: { threads: 1, invalidations: 1, of: [0] },
    },
    start: { tables: [], begin: (kvm) => runOnOneRoot(kvm, 2, [1]) },
    properties: [
      'every-access-can-finish',
      'no-deadlock',
      'no-use-after-free',
      'mmu-spte-update-keeps-the-pfn',
    ],
  }),
]
