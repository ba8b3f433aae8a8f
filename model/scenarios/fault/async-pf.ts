import type { Kvm } from '../../memory/kvm.ts'
import { tdp_mmu_alloc_sp } from '../../memory/tdp/roots.ts'
import { scenario } from '../build-scenario.ts'
import type { Scenario } from '../scenario.ts'
import { FAULTS, LISTS, RMAPS } from '../shadow/page-properties.ts'

const PROPERTIES = [
  ...LISTS,
  'no-use-after-free',
  ...FAULTS,
  'no-null-pointer',
  'root-fits-the-context',
  'page-is-prefaulted-in-its-own-context',
  'page-is-prefaulted',
]

/** The vCPU holds the direct root of L1. */
function runsL1(kvm: Kvm): void {
  const root = tdp_mmu_alloc_sp(kvm, 0, 1, 'tdp_mmu_roots')
  kvm.page[root].root_count = 2
  kvm.vcpu[0].root = root
  kvm.vcpu[0].root_pgd = 0
}

/** A host page is swapped out, and a kworker swaps it in while the vCPU runs on. */
export const asyncPfScenarios: readonly Scenario<Kvm>[] = [
  scenario({
    id: 'async-pf-cr3',
    title: 'a guest switches CR3 while a page that one of its tasks has accessed is swapped in',
    about:
      'Shadow paging without cached roots: each switch leaves root.hpa invalid until the next VM-entry. KVM_REQ_APF_READY is serviced before the root is loaded. The third page directory does not map the address.',
    bounds: {
      asyncPf: { on: true, swappedOut: [3] },
      shadow: { pages: 4 },
      guest: { gfns: 5, pgds: 3, cr3Loads: 2 },
      host: { pfns: 5 },
    },
    start: { tables: [[3], [4], [null]], pages: [{ gfn: 0, level: 1 }] },
    properties: [
      ...PROPERTIES,
      ...RMAPS,
      'guest-is-told-of-its-own-faults-only',
      'page-arrives-in-another-context',
      'kvm-mmu-page-fault-finds-a-valid-root',
    ],
  }),
  scenario({
    id: 'async-pf-nested',
    title: 'L1 and L2 run in turn while a page that one of them has accessed is swapped in',
    about:
      'TDP is on. The address of a fault is an L1 guest-physical address in L1 and an L2 guest-physical address in L2, so the same number means different pages to the two MMUs.',
    bounds: {
      asyncPf: { on: true, swappedOut: [0, 2] },
      nested: { mmus: 2, runs: 2 },
      tdp: { on: true },
      shadow: { pages: 3 },
      guest: { gfns: 3, pgds: 2 },
      host: { pfns: 3 },
    },
    start: { tables: [[null], [2]], begin: runsL1 },
    properties: [...PROPERTIES, 'page-arrives-in-another-context'],
  }),
  scenario({
    id: 'async-pf-zap-all',
    title: 'a memslot delete zaps all pages while a page is swapped in',
    about:
      'One request makes the vCPU drop its roots; KVM_REQ_APF_READY is serviced after it and before a root is loaded.',
    bounds: {
      asyncPf: { on: true, swappedOut: [1] },
      shadow: { pages: 3 },
      guest: { gfns: 2 },
      host: { pfns: 2 },
      zap: { all: 1 },
    },
    start: { tables: [[1]], pages: [{ gfn: 0, level: 1 }] },
    properties: [...PROPERTIES, ...RMAPS, 'freed-page-is-unreferenced', 'no-stale-root-used'],
  }),
  scenario({
    id: 'vm-teardown',
    title: 'the process closes its files while a page is swapped in',
    about:
      'The vCPU file is the last open file of the VM. The thread that puts the last reference destroys the VM and frees the vCPU that the kworker is about to wake up; then the module may be unloaded.',
    bounds: {
      asyncPf: { on: true, swappedOut: [1] },
      shadow: { pages: 2 },
      guest: { gfns: 2 },
      host: { pfns: 2 },
      teardown: { closes: true },
    },
    start: { tables: [[1]], pages: [{ gfn: 0, level: 1 }] },
    properties: [
      'no-use-after-free',
      'no-module-code-after-its-last-reference',
      'vm-reference-is-put-only-while-held',
      'module-reference-is-put-only-while-held',
      'no-deadlock',
      'every-access-can-finish',
      'process-ends-while-a-page-is-swapped-in',
    ],
  }),
]
