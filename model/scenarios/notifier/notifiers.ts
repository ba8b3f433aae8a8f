import type { Kvm } from '../../memory/kvm.ts'
import { type Plan, scenario } from '../build-scenario.ts'
import type { Scenario } from '../scenario.ts'

const HOST_PAGE_PROPERTIES = [
  'no-mapping-of-a-lost-page',
  'no-install-during-invalidation',
  'no-flush-debt-at-unlock',
  'invalidations-are-balanced',
  'invalidation-ends-only-after-it-began',
  'notifier-ends-only-after-it-began',
  'mmu-lock-is-released-only-while-held',
  'no-freed-spte-on-rmap',
  'no-use-after-free',
  'no-request-unnoticed-in-guest-mode',
  'every-access-can-finish',
  'no-deadlock',
]

const ONE_FRAME = { tables: [[1]], pages: [{ gfn: 0, level: 1 }] }

/** Exported for the bounds, which the steps of designs depend on. */
export const FAULT_COPY_ON_WRITE: Plan = {
  id: 'fault-copy-on-write',
  title: 'a vCPU writes to a page that another process shares while another vCPU reads it',
  about:
    'After fork() the host PTE is read-only. The lookup of the host page for the write copies the page and calls the notifier from the faulting vCPU: it zaps the SPTE that the other vCPU reads through, and the fault is retried once.',
  bounds: {
    vcpus: 2,
    shadow: { pages: 1 },
    host: { pfns: 3 },
    notifier: { threads: 1, invalidations: 0, cow: [1] },
    guest: { dataWrites: true },
  },
  start: ONE_FRAME,
  properties: [...HOST_PAGE_PROPERTIES, 'fault-is-retried-for-its-own-notifier', 'no-fault-retried-for-ever'],
}

/** Page faults while the host takes pages away. */
export const notifierScenarios: readonly Scenario<Kvm>[] = [
  scenario({
    id: 'fault-notifier',
    title: 'one vCPU faults a page in while the host takes it away',
    about:
      'A fault looks up the host page without a lock and maps it later under mmu_lock; the notifier may run in between. mmu_invalidate_seq and the range in progress must make the fault retry.',
    bounds: {
      shadow: { pages: 1 },
      host: { pfns: 4 },
      notifier: { threads: 1, invalidations: 2, of: [1] },
      guest: { dataWrites: true },
      hostInterrupt: {},
    },
    start: ONE_FRAME,
    properties: [
      ...HOST_PAGE_PROPERTIES,
      'fault-is-retried-for-a-notifier',
      'absent-page-is-invalidated',
      'guest-is-interrupted-by-the-host',
      'same-page-is-mapped-again',
      'mmu-spte-update-keeps-the-pfn',
      'kvm-unmap-gfn-range-is-inside-an-invalidation',
      'kvm-mmu-invalidate-end-finds-a-range',
    ],
  }),
  scenario({
    id: 'fault-two-notifiers',
    title: 'one vCPU uses a page that two host threads take away at the same time',
    about:
      'Reclaim and munmap() invalidate one page: the second notifier finds no SPTE and does not flush, so the first must flush before it drops mmu_lock.',
    bounds: { shadow: { pages: 1 }, host: { pfns: 4 }, notifier: { threads: 2, invalidations: 1, of: [1] } },
    start: { ...ONE_FRAME, filled: true },
    properties: HOST_PAGE_PROPERTIES,
  }),
  scenario(FAULT_COPY_ON_WRITE),
]
