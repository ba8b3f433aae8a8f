import { mergeBounds } from '../../memory/bounds.ts'
import type { Kvm } from '../../memory/kvm.ts'
import { type Plan, scenario } from '../build-scenario.ts'
import type { Scenario } from '../scenario.ts'
import { RMAPS } from '../shadow/page-properties.ts'
import { map } from '../start.ts'

const LOG_PROPERTIES = [
  'no-write-missing-from-the-dirty-log',
  'no-use-after-free',
  'no-request-unnoticed-in-guest-mode',
  'every-access-can-finish',
  'no-fault-retried-for-ever',
  'no-deadlock',
]

const ONE_FRAME = { tables: [[1]], pages: [{ gfn: 0, level: 1 }] }

/**
 * Direct roots: the shadow pages have no guest table. The guest tables of the scenario only say which gfns the
 * pages map, and never change.
 */
const DIRECT = {
  shadow: { withoutGptes: [0] },
  fault: { fast: true },
  guest: { dataWrites: true, reads: [] },
}

/** An earlier pass has write-protected the SPTE: MMU-writable, but not writable. */
function writeProtected(kvm: Kvm): void {
  kvm.page[0].spte[0].w = false
}

/** A huge page of gfns 2 and 3, which one SPTE of level 2 can map. */
const HUGE_PAGE = {
  shadow: { levels: 2, pages: 2, largeSptes: true },
  guest: { gfns: 4, gvas: 2, huge: true },
  host: { pfns: 4 },
}

/** Exported because designs build their steps for these bounds. */
export const FAST_FAULT_NOTIFIER: Plan = {
  id: 'fast-fault-notifier',
  title: 'fast_page_fault() on a direct root while the host takes the page away',
  about:
    'The SPTE can change or be zapped at any time between the read and the cmpxchg. Dirty bits in SPTEs are transferred to the host page, as until v6.12.',
  bounds: mergeBounds(DIRECT, {
    shadow: { pages: 1 },
    host: { pfns: 3, dirty: true },
    notifier: { threads: 1, invalidations: 1, of: [1] },
    dirtyLog: { of: [1], passes: 1 },
  }),
  start: { ...ONE_FRAME, filled: true, begin: writeProtected },
  properties: [
    ...LOG_PROPERTIES,
    ...RMAPS,
    'no-mapping-of-a-lost-page',
    'no-dirty-page-lost',
    'no-install-during-invalidation',
  ],
}

/** Exported because designs build their steps for these bounds. */
export const PROTECTED_HUGE_PAGE: Plan = {
  id: 'dirty-log-protected-huge-page',
  title: 'a vCPU on a direct root writes to a huge page whose SPTE is write-protected for the dirty log',
  about:
    'The large SPTE lacks only W. It maps two gfns with a dirty bit each: a fault on one gfn must not let the guest write to the other.',
  bounds: mergeBounds(DIRECT, HUGE_PAGE, { dirtyLog: { of: [2, 3], passes: 1 } }),
  start: {
    tables: [[{ huge: 2 }, null]],
    pages: [{ gfn: 0, level: 2 }],
    begin: (kvm) => {
      map(kvm, 0, 0, 2, true)
      writeProtected(kvm)
    },
  },
  properties: [...LOG_PROPERTIES, ...RMAPS, 'large-spte-is-dropped'],
}

/** Passes over the dirty log while guests write. */
export const dirtyLogScenarios: readonly Scenario<Kvm>[] = [
  scenario({
    id: 'dirty-log',
    title: 'one vCPU writes to a page while userspace makes two passes over the dirty log',
    about:
      'Every pass fetches and clears the dirty bits, write-protects the pages, flushes TLBs and reports the bits; then userspace copies the pages. The second pass starts from any state that the first one leaves.',
    bounds: {
      shadow: { pages: 1 },
      guest: { dataWrites: true },
      dirtyLog: { of: [1], passes: 2 },
      hostInterrupt: {},
    },
    start: ONE_FRAME,
    properties: [...LOG_PROPERTIES, ...RMAPS, 'store-comes-before-the-flush', 'page-is-written-again'],
  }),
  scenario({
    id: 'dirty-log-read',
    title:
      'one vCPU on a direct root reads a page and then writes to it while userspace makes a pass over the dirty log',
    about:
      'On a direct root even a read maps the page writable, and so marks it dirty: the write that follows does not fault.',
    bounds: mergeBounds(DIRECT, {
      shadow: { pages: 1 },
      guest: { reads: [0] },
      dirtyLog: { of: [1], passes: 1 },
    }),
    start: ONE_FRAME,
    properties: [...LOG_PROPERTIES, ...RMAPS, 'read-marks-a-page-dirty'],
  }),
  scenario({
    id: 'dirty-log-two-vcpus',
    title: 'two vCPUs write to one page through one SPTE while userspace makes a pass over the dirty log',
    about:
      'The second vCPU can write without a fault as soon as the first has installed the SPTE. The TLBs are flushed one after the other.',
    bounds: {
      vcpus: 2,
      shadow: { pages: 1 },
      guest: { dataWrites: true, reads: [] },
      dirtyLog: { of: [1], passes: 1 },
    },
    start: { ...ONE_FRAME, filled: true, begin: (kvm) => kvm.dirty_bitmap.add(1) },
    properties: [...LOG_PROPERTIES, 'store-comes-before-the-flush'],
  }),
  scenario({
    id: 'dirty-log-clear',
    title: 'one vCPU writes to a page while userspace reads the dirty log and clears it later',
    about:
      'KVM_CAP_MANUAL_DIRTY_LOG_PROTECT2: KVM_GET_DIRTY_LOG only reads the bits; KVM_CLEAR_DIRTY_LOG clears those that userspace passes, write-protects the pages and flushes. Userspace copies the pages afterwards.',
    bounds: {
      shadow: { pages: 1 },
      guest: { dataWrites: true },
      dirtyLog: { of: [1], passes: 2, manualProtect: true },
    },
    start: ONE_FRAME,
    properties: [...LOG_PROPERTIES, 'store-comes-before-the-flush', 'page-is-written-again'],
  }),
  scenario({
    id: 'dirty-log-enable',
    title: 'one vCPU writes to a page while userspace enables the dirty log and makes a pass over it',
    about:
      'A fault that found the memslot without dirty logging maps the page writable and sets no dirty bit. The grace period waits for it; then the page is write-protected, TLBs are flushed, and only then does userspace start to copy.',
    bounds: {
      shadow: { pages: 1 },
      guest: { dataWrites: true },
      dirtyLog: { of: [1], passes: 1, enables: true },
      memslots: { kicks: true },
    },
    start: ONE_FRAME,
    properties: [...LOG_PROPERTIES, 'fault-maps-a-page-without-the-log'],
  }),
  scenario({
    id: 'dirty-log-enable-two-frames',
    title:
      'a vCPU writes to two pages while userspace enables the dirty log, which write-protects one after the other',
    about:
      'mmu_lock is dropped between the two rmaps, without a flush: the first SPTE is read-only by then, and TLBs may still be writable. A fault that runs in the break sets W and the dirty bit again. The flush after the last rmap covers both.',
    bounds: {
      shadow: { pages: 1 },
      guest: { gfns: 3, gvas: 2, dataWrites: true, reads: [] },
      host: { pfns: 3 },
      dirtyLog: { of: [1, 2], passes: 1, enables: true, lockBreak: true },
    },
    start: { tables: [[1, 2]], pages: [{ gfn: 0, level: 1 }] },
    properties: [...LOG_PROPERTIES, 'fault-runs-in-a-break-of-the-write-protection'],
  }),
  scenario({
    id: 'dirty-log-fast-fault',
    title: 'two vCPUs on a direct root write to a page that is write-protected for the dirty log',
    about:
      'fast_page_fault() restores W without mmu_lock and sets the dirty bit afterwards. In between the other vCPU may write, and a whole pass may run that does not report the page; the next pass does.',
    bounds: mergeBounds(DIRECT, { vcpus: 2, shadow: { pages: 1 }, dirtyLog: { of: [1], passes: 1 } }),
    start: { ...ONE_FRAME, filled: true, begin: writeProtected },
    properties: [...LOG_PROPERTIES, 'page-is-written-before-its-bit-is-set'],
  }),
  scenario(FAST_FAULT_NOTIFIER),
  scenario({
    id: 'dirty-log-read-only-huge-page',
    title: 'a vCPU on a direct root writes to a logged huge page that is mapped read-only',
    about:
      'The host page was read-only (copy on write) when a read mapped it; enabling the dirty log then left the SPTE alone, because it was not writable. A write must map a small page in place of the large SPTE.',
    bounds: mergeBounds(DIRECT, HUGE_PAGE, { guest: { reads: [0, 1] }, dirtyLog: { of: [2, 3], passes: 1 } }),
    start: {
      tables: [[{ huge: 2 }, null]],
      pages: [{ gfn: 0, level: 2 }],
      begin: (kvm) => map(kvm, 0, 0, 2, false),
    },
    properties: [...LOG_PROPERTIES, ...RMAPS, 'large-spte-is-dropped'],
  }),
  scenario(PROTECTED_HUGE_PAGE),
  scenario({
    id: 'dirty-log-table',
    title: 'a dirty-log pass write-protects a page while a vCPU write-protects it as a page table',
    about:
      'One vCPU writes to the page, directly and through emulation; the other starts to use it as its page directory. After the pass drops mmu_lock and before it flushes, the SPTE is read-only while a TLB entry is still writable: shadowing the table in this window must not skip the flush.',
    bounds: {
      vcpus: 2,
      shadow: { pages: 2 },
      guest: {
        gfns: 4,
        pgds: 2,
        edits: [{ gva: 0, index: 0, to: 3, w: true, by: 1, emulatedInto: 0 }],
        editsLeft: 1,
        reads: [],
      },
      host: { pfns: 4 },
      dirtyLog: { of: [0], passes: 1 },
    },
    start: {
      tables: [[2], [0]],
      pages: [{ gfn: 1, level: 1 }],
      cr3: [0, 1],
      filled: true,
      begin: (kvm) => {
        kvm.dirty_bitmap.add(0)
        // vCPU 1 has written to the page before.
        Object.assign(kvm.vcpu[1].tlb[0], { pfn: 0, w: true, root: 0 })
      },
    },
    properties: [
      ...LOG_PROPERTIES,
      'synced-page-agrees',
      'no-writable-tlb-entry-of-a-synced-table',
      'shadowed-tables-are-counted',
    ],
  }),
]
