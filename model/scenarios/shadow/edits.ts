import type { Kvm } from '../../memory/kvm.ts'
import { scenario } from '../build-scenario.ts'
import type { Scenario } from '../scenario.ts'
import { LEVEL_PROPERTIES, TRACKED_PROPERTIES } from './shadow-properties.ts'

/** Scenarios in which tables are protected from their guests, and shadow pages zapped under walkers. */
export const editScenarios: readonly Scenario<Kvm>[] = [
  scenario({
    id: 'tracked-pgd',
    title: 'one vCPU edits the page directory that another runs on',
    about:
      'Tables above level 1 never go unsync: stores to them are tracked and emulated. The other vCPU begins without a root, so that the page directory may already be mapped writable, and cached so, when it becomes a page directory.',
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
      // vCPU 0 has no root yet; its page directory is nobody's table so far.
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
    title: 'one vCPU edits its tables through a page directory that contains itself',
    about:
      'The page directory is also used as a lowest-level table, so one guest frame has two shadow pages of different levels. Stores to it are tracked because of the upper one, and change both.',
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
    properties: [...LEVEL_PROPERTIES, 'store-to-a-table-is-emulated'],
  }),
  scenario({
    id: 'write-flooding',
    title: 'one vCPU writes to the page directory of another until its shadow page is zapped',
    about:
      'Three emulated stores to a table that nobody walks in between are taken for a sign that it is a table no more. Its page is zapped though a vCPU runs on it: that one is told to drop its root, and builds another.',
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
      'The table is mapped writable, and cached so, in the address space of the other vCPU. The fault handler has read the entry before it takes the lock: write-protect, flush, and only then read again.',
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
    title: 'one vCPU walks shadow pages, in hardware and without a lock, while they are zapped and freed',
    about:
      'Pages that are zapped are unlinked first and freed after a flush that waits for every vCPU: for hardware in the middle of a walk, and for a fault handler that reads shadow pages with interrupts off instead of a lock.',
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
      'page-is-zapped-under-a-lockless-walk',
    ],
  }),
]
