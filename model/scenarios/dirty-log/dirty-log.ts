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
 * Direct roots: no guest table is behind the pages, so that guest tables stand for the frames that the pages
 * map anyway, and never change.
 */
const DIRECT = {
  shadow: { withoutGptes: [0] },
  fault: { fast: true },
  guest: { dataWrites: true, reads: [] },
}

/** An earlier pass has write-protected the SPTE: MMU-writable, and not writable. */
function writeProtected(kvm: Kvm): void {
  kvm.page[0].spte[0].w = false
}

/** A huge page of the frames 2 and 3 is mapped by one SPTE of level 2, read-only. */
const HUGE_PAGE = {
  shadow: { levels: 2, pages: 2, largeSptes: true },
  guest: { gfns: 4, gvas: 2, huge: true },
  host: { pfns: 4 },
}

/** W comes back without mmu_lock, and the SPTE goes away. Designs that bring their own steps need its bounds. */
export const FAST_FAULT_NOTIFIER: Plan = {
  id: 'fast-fault-notifier',
  title: 'a vCPU on a direct root gets W back without mmu_lock while the host takes the page away',
  about:
    'The SPTE can change, and go, at any time between the reading and the cmpxchg. Dirty bits in SPTEs go to the host page, as until v6.12.',
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

/** The large SPTE is write-protected only for the log. Designs that bring their own steps need its bounds. */
export const PROTECTED_HUGE_PAGE: Plan = {
  id: 'dirty-log-protected-huge-page',
  title: 'a vCPU on a direct root writes to a logged huge page whose SPTE is write-protected for the log',
  about:
    'The large SPTE would only need W. One SPTE, two frames, two dirty bits: the fault on one frame must not let the guest write to the other.',
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

/** Passes over the dirty log against the guests that write. */
export const dirtyLogScenarios: readonly Scenario<Kvm>[] = [
  scenario({
    id: 'dirty-log',
    title: 'one vCPU writes to a page while userspace makes two passes over the dirty log',
    about:
      'Every pass takes the dirty bits, write-protects the pages, flushes, reports, and userspace copies what was reported. The second pass finds whatever the first has left: W or not, cached or not.',
    bounds: { shadow: { pages: 1 }, guest: { dataWrites: true }, dirtyLog: { of: [1], passes: 2 } },
    start: ONE_FRAME,
    properties: [...LOG_PROPERTIES, ...RMAPS, 'store-comes-before-the-flush', 'page-is-written-again'],
  }),
  scenario({
    id: 'dirty-log-two-vcpus',
    title: 'two vCPUs write to one page through one SPTE while userspace makes a pass over the dirty log',
    about:
      'The second vCPU can write without ever having faulted, as soon as the first has stored the SPTE. One of the TLBs is not flushed yet when the other is.',
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
      'KVM_CAP_MANUAL_DIRTY_LOG_PROTECT2: KVM_GET_DIRTY_LOG only reads; KVM_CLEAR_DIRTY_LOG clears the bits that userspace names, write-protects and flushes. Userspace copies the pages afterwards.',
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
    title: 'one vCPU writes to a page while userspace switches the dirty log on and makes a pass over it',
    about:
      'A fault that found the memslot without dirty logging maps the page writable and sets no bit. The grace period waits for it; then the page is write-protected and the TLBs are flushed, and only then userspace begins to copy.',
    bounds: {
      shadow: { pages: 1 },
      guest: { dataWrites: true },
      dirtyLog: { of: [1], passes: 1, enables: true },
    },
    start: ONE_FRAME,
    properties: [...LOG_PROPERTIES, 'fault-maps-a-page-without-the-log'],
  }),
  scenario({
    id: 'dirty-log-fast-fault',
    title: 'two vCPUs on a direct root write to a page that is write-protected for the dirty log',
    about:
      'fast_page_fault() gives W back without mmu_lock and sets the dirty bit afterwards. The other vCPU may write in between, and a pass may begin and end: that pass does not report the page, and the next one does.',
    bounds: mergeBounds(DIRECT, { vcpus: 2, shadow: { pages: 1 }, dirtyLog: { of: [1], passes: 1 } }),
    start: { ...ONE_FRAME, filled: true, begin: writeProtected },
    properties: [...LOG_PROPERTIES, 'page-is-written-before-its-bit-is-set'],
  }),
  scenario(FAST_FAULT_NOTIFIER),
  scenario({
    id: 'dirty-log-read-only-huge-page',
    title: 'a vCPU on a direct root writes to a logged huge page that is mapped read-only',
    about:
      'The host had the page read-only (copy on write) when a read mapped it; then dirty logging was switched on, which leaves an SPTE alone that is not writable. The write has to map a small page, where the large SPTE is.',
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
    title: 'a page table is write-protected for the dirty log by a pass, and for shadowing by a vCPU',
    about:
      'One vCPU can write to the frame, and has KVM write to it by emulation; the other begins to use it as its page directory. Between the unlock of the pass and its flush the SPTE is read-only already while a TLB is not: who then protects the table must not conclude that no flush is needed.',
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
        // vCPU 1 has written to the frame before.
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
