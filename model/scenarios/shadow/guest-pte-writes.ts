import type { Kvm } from '../../memory/kvm.ts'
import { scenario } from '../build-scenario.ts'
import type { Scenario } from '../scenario.ts'
import { LEVEL_PROPERTIES, TRACKED_PROPERTIES } from './shadow-properties.ts'

/** Scenarios about write-protected guest tables, and about shadow pages that are zapped during walks. */
export const guestPteWriteScenarios: readonly Scenario<Kvm>[] = [
  scenario({
    id: 'tracked-pgd',
    title: 'one vCPU writes to the page directory that another runs on',
    about:
      'Tables above level 1 never go unsync: stores to them are tracked and emulated. The other vCPU starts without a root, so its page directory may be mapped writable, and cached writable in a TLB, when it is first shadowed.',
    bounds: {
      vcpus: 2,
      shadow: { levels: 2, pages: 5 },
      guest: {
        gfns: 7,
        pgds: 2,
        edits: [{ gva: 0, index: 0, to: 4, w: true, by: 1 }],
        editsLeft: 1,
        invlpgs: 1,
      },
      host: { pfns: 7 },
    },
    start: {
      tables: [[2], [3], [5], [0], [6]],
      // vCPU 0 has no root yet; its page directory is not shadowed.
      pages: [
        { gfn: 1, level: 2 },
        { gfn: 3, level: 1 },
      ],
      cr3: [0, 1],
      filled: true,
    },
    properties: [...TRACKED_PROPERTIES, 'no-link-to-a-dead-page', 'store-to-a-table-is-emulated'],
  }),
  scenario({
    id: 'recursive-pgd',
    title: 'one vCPU writes to its tables through a page directory that maps itself',
    about:
      'The page directory is also used as a level-1 table, so one gfn has shadow pages at two levels. Stores to it are tracked because of the upper one, and change both.',
    bounds: {
      shadow: { levels: 2, pages: 4 },
      guest: {
        gfns: 4,
        gvas: 4,
        reads: [0],
        edits: [
          { gva: 2, index: 0, to: 3, w: true },
          { gva: 3, index: 0, to: null, w: false },
        ],
        editsLeft: 2,
        invlpgs: 1,
      },
      host: { pfns: 4 },
    },
    start: {
      tables: [
        [1, 0],
        [2, null],
      ],
      pages: [{ gfn: 0, level: 2 }],
    },
    properties: [
      ...LEVEL_PROPERTIES,
      'store-to-a-table-is-emulated',
      'mmu-try-to-unsync-pages-finds-level-1',
    ],
  }),
  scenario({
    id: 'write-flooding',
    title: 'one vCPU writes to the page directory of another until its shadow page is zapped',
    about:
      'After three emulated stores to a table without a walk in between, KVM assumes that it is no longer a page table and zaps its shadow page, although a vCPU runs on it: that vCPU gets a request to drop its root, and builds another.',
    bounds: {
      vcpus: 2,
      shadow: { levels: 2, pages: 4 },
      guest: {
        gfns: 4,
        reads: [0],
        edits: [{ gva: 0, index: 0, to: 1, w: true, by: 1, emulatedInto: 0 }],
        editsLeft: 3,
      },
      host: { pfns: 4 },
      writeTracking: { flooding: true },
    },
    start: {
      tables: [[1], [2]],
      pages: [{ gfn: 0, level: 2 }],
    },
    properties: [
      ...TRACKED_PROPERTIES,
      'write-tracking-ends-only-after-it-began',
      'no-stale-root-used',
      'no-guest-on-a-root-after-its-request',
      'no-obsolete-root-kept',
      'no-freed-root-in-use',
      'root-count-is-number-of-holders',
      'page-on-one-list',
      'page-is-zapped-for-write-flooding',
    ],
  }),
  scenario({
    id: 'write-protect-before-reread',
    title: 'one vCPU shadows a table for the first time while another writes to it',
    about:
      'The table is mapped writable in the address space of the other vCPU, and may be cached writable in its TLB. The fault handler has read the entry before it takes mmu_lock: it must write-protect, flush, and only then read the entry again.',
    bounds: {
      vcpus: 2,
      shadow: { levels: 2, pages: 4 },
      guest: {
        gfns: 6,
        pgds: 2,
        edits: [{ gva: 0, index: 0, to: 5, w: true, by: 1 }],
        editsLeft: 1,
        invlpgs: 1,
      },
      host: { pfns: 6 },
    },
    start: {
      tables: [[2], [3], [4], [2]],
      pages: [
        { gfn: 0, level: 2 },
        { gfn: 1, level: 2 },
        { gfn: 3, level: 1 },
      ],
      cr3: [0, 1],
      filled: true,
    },
    properties: LEVEL_PROPERTIES,
  }),
  scenario({
    id: 'commit-before-flush',
    title: 'one vCPU walks shadow pages, in hardware and locklessly, while they are zapped and freed',
    about:
      'Zapped pages are unlinked first and freed after a flush that waits for every vCPU: for hardware in the middle of a walk, and for a fault handler that reads shadow pages with IRQs disabled instead of holding a lock.',
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
      zap: { threads: 1, pages: 2 },
      writeTracking: { locklessWalks: true },
      memoryOrder: { barriers: true },
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
      'no-tlb-entry-of-a-freed-root',
      'no-link-to-a-dead-page',
      'parent-links-match',
      'page-on-one-list',
      'synced-page-agrees',
      'shadowed-tables-are-counted',
      'no-deadlock',
      'freed-page-is-unreferenced',
      'no-freed-spte-on-rmap',
      'page-is-zapped-under-a-lockless-walk',
    ],
  }),
]
