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

/** Two data frames, mapped at the start. */
const TWO_FRAMES = { tables: [[1, 2]], pages: [{ gfn: 0, level: 1 }], filled: true }

const RANGE_PROPERTIES = [
  ...HOST_PAGE_PROPERTIES,
  'kvm-unmap-gfn-range-is-inside-an-invalidation',
  'kvm-mmu-invalidate-end-finds-a-range',
]

export const RANGE_WITH_BREAKS: Plan = {
  id: 'range-notifier',
  title:
    'one vCPU uses two pages of a range that the host takes away, and another host thread takes the first',
  about:
    'Since v6.12 the walk over the rmaps of a slot may drop mmu_lock after each frame. The second thread then finds no SPTE of the first frame and does not flush, so the walk must have flushed before.',
  bounds: {
    shadow: { pages: 1 },
    guest: { gvas: 2, gfns: 3, reads: [0] },
    host: { pfns: 8 },
    notifier: { threads: 2, invalidations: 1, of: [1], range: [1, 2], breaks: true },
  },
  start: TWO_FRAMES,
  properties: [...RANGE_PROPERTIES, 'range-is-unmapped-in-two-sections'],
}

export const RANGE_ON_HYPERV: Plan = {
  id: 'range-notifier-ranged-flush',
  title: 'the host takes a range of two pages away, and flushes ranges',
  about:
    'As range-notifier with one thread, on a host that runs on Hyper-V: the flush before mmu_lock is dropped covers the frames that the walk has seen, not everything.',
  bounds: {
    shadow: { pages: 1 },
    guest: { gvas: 2, gfns: 3, reads: [0] },
    host: { pfns: 8 },
    notifier: { threads: 1, invalidations: 1, range: [1, 2], breaks: true, rangedFlush: true },
  },
  start: TWO_FRAMES,
  properties: RANGE_PROPERTIES,
}

export const RANGE_OF_TWO_SLOTS: Plan = {
  id: 'range-of-two-slots',
  title:
    'the host takes pages of two memslots away by one event that may not block; one of them is not mapped',
  about:
    'Each slot begins with nothing to flush, and passes on what it owes. An event that may not block, of the OOM reaper for example, keeps mmu_lock from the first slot to the flush at the end.',
  bounds: {
    shadow: { pages: 1 },
    guest: { gvas: 2, gfns: 3, reads: [0] },
    host: { pfns: 8 },
    memslots: { slots: 2, of: [null, 0, 1] },
    notifier: { threads: 1, invalidations: 1, of: [1], range: [1, 2] },
  },
  start: { ...TWO_FRAMES, tables: [[1, null]] },
  properties: [...RANGE_PROPERTIES, 'flush-is-owed-from-one-slot-to-the-next'],
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
  scenario(RANGE_WITH_BREAKS),
  scenario(RANGE_ON_HYPERV),
  scenario(RANGE_OF_TWO_SLOTS),
]
