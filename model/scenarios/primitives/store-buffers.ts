import { type BoundsInput, mergeBounds } from '../../memory/bounds.ts'
import type { Kvm } from '../../memory/kvm.ts'
import { type Plan, scenario } from '../build-scenario.ts'
import type { Scenario } from '../scenario.ts'

const TRACK: BoundsInput = {
  vcpus: 2,
  shadow: { levels: 2, pages: 2, withoutGptes: [0] },
  guest: {
    gfns: 4,
    edits: [{ gva: 0, index: 0, to: 3, w: true, by: 1, emulatedInto: 1 }],
    editsLeft: 1,
    invlpgs: 1,
  },
  host: { pfns: 4 },
  memoryOrder: { barriers: true },
}

const TRACK_PROPERTIES = [
  'synced-page-agrees',
  'flushed-translation-is-not-used',
  'shadowed-tables-are-counted',
  'no-flush-debt-at-unlock',
  'every-access-can-finish',
  'no-deadlock',
  'store-is-emulated-while-nothing-is-shadowed',
]

export const EMULATED_STORE: Plan = {
  id: 'track-write-barrier',
  title: 'a table is shadowed for the first time while a store to it is emulated, with store buffers',
  about:
    'The fault handler increments indirect_shadow_pages and reads the guest entry again; the emulator writes the entry and reads indirect_shadow_pages. The root is a passthrough root (5-level nested paging over a 4-level guest table), which is not counted, so the counter goes from 0 to 1 here, and the emulated store comes from another address space.',
  bounds: mergeBounds(TRACK, { memoryOrder: { storeBuffers: true } }),
  start: {
    tables: [[1], [2]],
    pages: [{ gfn: 0, level: 2 }],
  },
  properties: [...TRACK_PROPERTIES, 'store-waits-in-a-buffer'],
}

/**
 * The three pairs in which each side stores to one location and then loads the other (docs/kvm/atomicity.md: B2, B3,
 * B5). x86 lets a load run ahead of an earlier store, so each side needs a full barrier.
 */
export const storeBufferScenarios: readonly Scenario<Kvm>[] = [
  scenario(EMULATED_STORE),
  scenario({
    id: 'track-write-barrier-sc',
    title: 'a table is shadowed for the first time while a store to it is emulated, without store buffers',
    about: 'As track-write-barrier under sequential consistency: only the order of the steps matters.',
    bounds: TRACK,
    start: {
      tables: [[1], [2]],
      pages: [{ gfn: 0, level: 2 }],
    },
    properties: TRACK_PROPERTIES,
  }),
  scenario({
    id: 'entry-dekker',
    title: 'a vCPU with two roots enters the guest while one of them is zapped, with store buffers',
    about:
      'The vCPU sets vcpu->mode and checks for requests; the zapper sets a request and reads vcpu->mode to decide whether to send an IPI.',
    bounds: {
      shadow: { pages: 4 },
      guest: { gfns: 3, pgds: 2, cr3Loads: 1 },
      host: { pfns: 3 },
      roots: { prev: 1 },
      zap: { threads: 1, pages: 1 },
      memoryOrder: { barriers: true, storeBuffers: true },
    },
    start: {
      tables: [[2], [2]],
      pages: [{ gfn: 0, level: 1 }],
    },
    properties: [
      'no-request-unnoticed-in-guest-mode',
      'request-is-serviced',
      'no-stale-root-used',
      'no-guest-on-a-root-after-its-request',
      'no-obsolete-root-kept',
      'no-freed-root-in-use',
      'no-use-after-free',
      'page-on-one-list',
      'every-access-can-finish',
      'no-deadlock',
      'store-waits-in-a-buffer',
    ],
  }),
  scenario({
    id: 'lockless-walk-dekker',
    title: 'a lockless walk while the pages that it reads are zapped and freed, with store buffers',
    about:
      'The walker sets vcpu->mode and reads SPTEs; the thread that frees a page clears the SPTE and reads vcpu->mode. On that side x86 needs no extra barrier, because setting the request bit is a locked instruction.',
    bounds: {
      shadow: { levels: 2, pages: 4 },
      guest: {
        gfns: 3,
        gvas: 2,
        reads: [0],
        edits: [{ gva: 1, index: 1, to: null, w: false }],
        editsLeft: 2,
      },
      host: { pfns: 3 },
      zap: { threads: 1, pages: 1 },
      writeTracking: { locklessWalks: true },
      memoryOrder: { barriers: true, storeBuffers: true },
    },
    start: {
      tables: [
        [1, null],
        [2, 0],
      ],
      pages: [{ gfn: 0, level: 2 }],
    },
    properties: [
      'no-use-after-free',
      'no-walk-of-a-freed-page',
      'no-freed-root-in-use',
      'no-deadlock',
      'page-is-zapped-under-a-lockless-walk',
      'store-waits-in-a-buffer',
    ],
  }),
]
