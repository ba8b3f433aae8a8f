import { type BoundsInput, mergeBounds } from '../../memory/bounds.ts'
import type { Kvm } from '../../memory/kvm.ts'
import { scenario } from '../build-scenario.ts'
import type { Scenario } from '../scenario.ts'
import { runOnOneRoot, TDP } from './tdp-roots.ts'

const PROPERTIES = [
  'no-write-missing-from-the-dirty-log',
  'clean-page-is-not-writable',
  'every-access-can-finish',
  'no-fault-retried-for-ever',
  'no-deadlock',
  'no-use-after-free',
]

/** One root of one level, whose guest writes; both frames are logged. */
const LOGGED: BoundsInput = {
  tdp: { on: true },
  fault: { fast: true },
  shadow: { pages: 1, levels: 1 },
  guest: { gfns: 2, entries: 2, dataWrites: true, reads: [] },
  dirtyLog: { of: [0, 1], passes: 1 },
}

/** An earlier pass has write-protected the SPTE of gfn 0: it is MMU-writable, but not writable. */
function writeProtected(kvm: Kvm, levels: number): void {
  runOnOneRoot(kvm, levels, [0])
  kvm.page[levels - 1].spte[0].w = false
}

/** The dirty log with the TDP MMU, and fast page faults under RCU. */
export const tdpDirtyLogScenarios: readonly Scenario<Kvm>[] = [
  scenario({
    id: 'tdp-dirty-log',
    title: 'two vCPUs write to a page while userspace makes a pass over the dirty log, with the TDP MMU',
    about:
      'The page is writable and its bit is set. The pass takes the bit and clears W under mmu_lock, and flushes after it. Write faults set W again: fast ones by a cmpxchg under RCU, others with mmu_lock held for read.',
    bounds: mergeBounds(LOGGED, { vcpus: 2 }),
    start: {
      tables: [],
      begin: (kvm) => {
        runOnOneRoot(kvm, 1, [0])
        kvm.dirty_bitmap.add(0)
      },
    },
    properties: [...PROPERTIES, 'store-comes-before-the-flush'],
  }),
  scenario({
    id: 'tdp-dirty-log-fast-fault',
    title: 'two vCPUs write to a page that is write-protected for the dirty log, with the TDP MMU',
    about:
      'As dirty-log-fast-fault. The bit is set after the cmpxchg: in between the other vCPU may write, and a whole pass may run that does not report the page; the next pass does.',
    bounds: mergeBounds(LOGGED, { vcpus: 2 }),
    start: { tables: [], begin: (kvm) => writeProtected(kvm, 1) },
    properties: [...PROPERTIES, 'page-is-written-before-its-bit-is-set'],
  }),
  scenario({
    id: 'tdp-dirty-log-enable',
    title: 'a vCPU writes to two pages while userspace enables the dirty log, with the TDP MMU',
    about:
      'kvm_tdp_mmu_wrprot_slot() holds mmu_lock for read, so that faults run meanwhile, and may drop it between two SPTEs, without a flush. Faults that found the slot without the log have ended before.',
    bounds: mergeBounds(LOGGED, { tdp: { yields: true }, guest: { gvas: 2 }, dirtyLog: { enables: true } }),
    start: { tables: [], begin: (kvm) => runOnOneRoot(kvm, 1, [0]) },
    properties: PROPERTIES,
  }),
  scenario({
    id: 'tdp-fast-fault-notifier',
    title: 'fast_page_fault() with the TDP MMU while the host takes the page away',
    about: 'The SPTE can be zapped, and set again by another fault, between the read and the cmpxchg.',
    bounds: mergeBounds(LOGGED, {
      host: { pfns: 4 },
      notifier: { threads: 1, invalidations: 1, of: [0] },
    }),
    start: { tables: [], begin: (kvm) => writeProtected(kvm, 1) },
    properties: PROPERTIES,
  }),
  scenario({
    id: 'tdp-fast-fault-zap-all',
    title: 'a fast page fault below a root that is invalidated and zapped meanwhile, with the TDP MMU',
    about:
      'No dirty log: the page was write-protected for one before. The fast page fault holds no lock and does not test the root, so that it may set W below an invalid one, which is harmless. The table is unlinked, frozen and freed while it is in it.',
    bounds: mergeBounds(TDP, {
      tdp: { yields: true },
      shadow: { pages: 5 },
      fault: { fast: true },
      guest: { dataWrites: true, reads: [] },
      zap: { all: 1 },
    }),
    start: { tables: [], begin: (kvm) => writeProtected(kvm, 2) },
    properties: ['every-access-can-finish', 'zap-all-can-finish', 'no-deadlock', 'no-use-after-free'],
  }),
]
