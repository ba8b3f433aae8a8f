import { mergeBounds } from '../../memory/bounds.ts'
import type { Kvm } from '../../memory/kvm.ts'
import { write_gpte } from '../../memory/primitives/guest-memory.ts'
import { kvm_mmu_mark_parents_unsync } from '../../memory/shadow/write-tracking.ts'
import { type Plan, scenario } from '../build-scenario.ts'
import type { Scenario } from '../scenario.ts'
import { link, map, type Start } from '../start.ts'
import { LEVEL_PROPERTIES, SHADOW_PROPERTIES } from './shadow-properties.ts'

/** Two levels; the lower table, gfn 1, is mapped at address 1, so the guest can write to it. */
const TABLE_MAPS_ITSELF: Start['tables'] = [
  [1, null],
  [2, 1],
]

/** Three levels; the lowest table, gfn 2, is mapped at address 3, the top table, gfn 0, at address 2. */
const TWO_WAYS: Start['tables'] = [
  [1, null],
  [2, 3],
  [4, 5],
  [0, 2],
]

/** Two tables that map each other, both unsync. */
const TWO_TABLES: Plan = {
  id: 'unsync-two-tables',
  title: 'one vCPU reloads CR3 to flush while two unsync tables each map the other',
  about:
    'The tables at gfns 1 and 2 have just been written, each through an address that the other translates. The flush syncs both shadow pages: their tables are write-protected first, and while one is synced the other still counts as unsync.',
  bounds: {
    shadow: { levels: 2, pages: 3 },
    guest: {
      gfns: 6,
      gvas: 4,
      reads: [2],
      edits: [{ gva: 1, index: 0, to: 5, w: true }],
      editsLeft: 1,
      cr3Loads: 2,
    },
    host: { pfns: 6 },
  },
  start: {
    tables: [
      [1, 2],
      [3, 2],
      [4, 1],
    ],
    pages: [
      { gfn: 0, level: 2 },
      { gfn: 1, level: 1 },
      { gfn: 2, level: 1 },
    ],
    begin: (kvm) => {
      const [root, first, second] = [0, 1, 2]
      link(kvm, root, 0, first)
      link(kvm, root, 1, second)
      map(kvm, first, 1, 2, true)
      map(kvm, second, 1, 1, true)
      for (const page of [first, second]) {
        kvm.page[page].unsync = true
        kvm_mmu_mark_parents_unsync(kvm, page)
      }
    },
  },
  properties: [...LEVEL_PROPERTIES, 'unsync-tables-map-each-other'],
}

const SYNC_BEFORE_LINK: Plan = {
  id: 'sync-before-link',
  title: 'one vCPU writes to a level-1 table, then makes a second path to it present, without a flush',
  about:
    'Three levels. An entry that was not present cannot be cached, so the guest need not flush when it makes one present; the new path must show the new translation, although the shadow page of the middle level, found in the hash, has an unsync page below it.',
  bounds: {
    shadow: { levels: 3, pages: 4 },
    guest: {
      gfns: 7,
      gvas: 6,
      reads: [1, 4, 5],
      edits: [
        { gva: 3, index: 1, to: 6, w: true },
        { gva: 2, index: 1, to: 1, w: true },
      ],
      editsLeft: 2,
      invlpgs: 1,
    },
    host: { pfns: 7 },
  },
  start: {
    tables: TWO_WAYS,
    pages: [{ gfn: 0, level: 3 }],
  },
  properties: [
    ...LEVEL_PROPERTIES,
    'store-to-a-table-is-emulated',
    'unsync-page-is-linked-a-second-time',
    'link-shadow-page-finds-no-unsync-children',
  ],
}

/** The second vCPU makes the shadow page of the shared table unsync; the first one links it, and has to sync it. */
const UNSYNC_TABLE_OF_TWO_ROOTS: Plan = {
  id: 'unsync-table-of-two-roots',
  title: 'a vCPU writes to a table while another, with another page directory, begins to use it',
  about:
    'Both page directories point to the table at gfn 2, which is mapped at address 0. The vCPU that writes to it has the old translation of address 1 in its TLB; the other one finds the unsync page in the hash, and syncs it before it links it.',
  bounds: {
    vcpus: 2,
    shadow: { levels: 2, pages: 3 },
    guest: {
      gfns: 5,
      pgds: 2,
      gvas: 2,
      reads: [1],
      edits: [{ gva: 0, index: 1, to: 4, w: true, by: 1 }],
      editsLeft: 1,
    },
    host: { pfns: 5 },
  },
  start: {
    tables: [
      [2, null],
      [2, null],
      [2, 3],
    ],
    pages: [
      { gfn: 0, level: 2 },
      { gfn: 1, level: 2 },
    ],
    cr3: [0, 1],
  },
  properties: ['synced-page-agrees', 'no-flush-debt-at-unlock', 'unsync-page-can-be-found', 'no-deadlock'],
}

/** Scenarios in which guests write to level-1 tables, whose shadow pages then go unsync. */
export const unsyncScenarios: readonly Scenario<Kvm>[] = [
  scenario({
    id: 'unsync-one-level',
    title: 'one vCPU writes to a table that it runs on, now or after its next CR3 load',
    about:
      'The smallest guest that can change its own translations. The tables are shadowed at level 1, so the first store makes the shadow page unsync and the table writable; KVM does not see later stores until the guest flushes (INVLPG, CR3 load).',
    bounds: {
      shadow: { pages: 2 },
      guest: {
        gfns: 4,
        pgds: 2,
        gvas: 2,
        reads: [0],
        edits: [
          { gva: 1, index: 0, to: 3, w: true },
          { gva: 1, index: 0, to: 2, w: false },
        ],
        editsLeft: 2,
        invlpgs: 1,
        cr3Loads: 2,
      },
      host: { pfns: 4 },
    },
    start: {
      tables: [
        [2, 0],
        [2, 0],
      ],
      pages: [{ gfn: 0, level: 1 }],
    },
    properties: [...SHADOW_PROPERTIES, 'unsync-page-is-synced'],
  }),
  scenario({
    id: 'sync-grants-write',
    title: 'one vCPU makes entries of its table writable and reloads CR3',
    about:
      'All PTEs are dirty, so a read through address 1 maps the table writable and makes its shadow page unsync. The guest then allows writing through two read-only entries. The sync maps gfn 2 writable at once, without a fault; gfn 0, which address 2 maps as well, is the table that is synced and stays read-only.',
    bounds: {
      shadow: { pages: 2 },
      guest: {
        gfns: 3,
        gvas: 3,
        dirtyPtes: true,
        dataWrites: true,
        writes: [0],
        edits: [
          { gva: 1, index: 0, to: 2, w: true },
          { gva: 1, index: 2, to: 0, w: true },
        ],
        editsLeft: 2,
        cr3Loads: 2,
      },
      host: { pfns: 3 },
    },
    start: {
      tables: [[{ to: 2, readOnly: true }, 0, { to: 0, readOnly: true }]],
      pages: [{ gfn: 0, level: 1 }],
    },
    properties: [
      ...SHADOW_PROPERTIES,
      'sync-maps-writable-what-the-guest-allows',
      'read-makes-a-page-unsync',
      'hardware-allows-no-more-than-the-guest',
    ],
  }),
  scenario({
    id: 'unsync-two-levels',
    title: 'two vCPUs share tables of two levels, write to the lower one and flush single addresses',
    about:
      'One vCPU writes to the table while the other uses the translation or executes INVLPG, which must find the unsync page below the root.',
    bounds: {
      vcpus: 2,
      shadow: { levels: 2, pages: 2 },
      guest: {
        gfns: 4,
        gvas: 2,
        reads: [0],
        edits: [{ gva: 1, index: 0, to: 3, w: true, by: 0 }],
        editsLeft: 1,
        invlpgs: 1,
      },
      host: { pfns: 4 },
    },
    start: {
      tables: TABLE_MAPS_ITSELF,
      pages: [{ gfn: 0, level: 2 }],
    },
    properties: [...LEVEL_PROPERTIES, 'mmu-spte-update-keeps-the-pfn'],
  }),
  scenario({
    id: 'unsync-order',
    title: 'two vCPUs write to the same table, and reload CR3 to flush',
    about:
      'The first store takes a page fault that makes the table writable; the other vCPU can immediately store through the new SPTE. A CR3 load reads the unsync marks of the root without a lock.',
    bounds: {
      vcpus: 2,
      shadow: { levels: 2, pages: 2 },
      guest: {
        gfns: 4,
        gvas: 2,
        reads: [0],
        edits: [{ gva: 1, index: 0, to: 3, w: true }],
        editsLeft: 1,
        cr3Loads: 1,
      },
      host: { pfns: 4 },
    },
    start: {
      tables: TABLE_MAPS_ITSELF,
      pages: [{ gfn: 0, level: 2 }],
      cr3Loads: [0, 1],
    },
    properties: [...LEVEL_PROPERTIES, 'unsync-page-is-synced'],
  }),
  scenario({
    id: 'unsync-cr3-switch',
    title: 'one vCPU writes to a table that two of its page directories share, and switches between them',
    about:
      'An unsync shadow page must be found below a root that was not current when it went unsync, and when a second root links it.',
    bounds: {
      shadow: { levels: 2, pages: 4 },
      guest: {
        gfns: 5,
        pgds: 2,
        gvas: 2,
        reads: [0],
        edits: [{ gva: 1, index: 0, to: 4, w: true }],
        editsLeft: 1,
        cr3Loads: 2,
      },
      host: { pfns: 5 },
    },
    start: {
      tables: [
        [2, null],
        [2, null],
        [3, 2],
      ],
      pages: [{ gfn: 0, level: 2 }],
    },
    properties: [...LEVEL_PROPERTIES, 'request-is-serviced', 'kvm-unlink-unsync-page-finds-it-unsync'],
  }),
  scenario(TWO_TABLES),
  scenario({
    ...TWO_TABLES,
    id: 'unsync-two-tables-in-rounds',
    title: 'as unsync-two-tables, one table at a time, while a second vCPU writes to the tables',
    about:
      'mmu_sync_children() may drop mmu_lock after each round. The second vCPU then writes to the table that is not synced yet, or makes the other one unsync again.',
    bounds: mergeBounds(TWO_TABLES.bounds, {
      vcpus: 2,
      shadow: { syncBatch: 1 },
      guest: { edits: [{ gva: 1, index: 0, to: 5, w: true, by: 1 }], cr3Loads: 1 },
    }),
    start: { ...TWO_TABLES.start, cr3Loads: [1, 0] },
    properties: [...LEVEL_PROPERTIES, 'sync-drops-the-lock-between-rounds'],
  }),
  scenario({
    id: 'unsync-table-becomes-directory',
    title: 'one vCPU loads a page directory that another has used as a level-1 table, and written',
    about:
      'The shadow page of level 1 is unsync when the same gfn is shadowed at level 2. Stores to the gfn are tracked from then on, so the unsync page is zapped before.',
    bounds: {
      vcpus: 2,
      shadow: { levels: 2, pages: 4 },
      guest: {
        gfns: 5,
        pgds: 2,
        gvas: 2,
        reads: [0],
        edits: [{ gva: 1, index: 1, to: null, w: false, by: 1 }],
        editsLeft: 1,
        cr3Loads: 1,
      },
      host: { pfns: 5 },
    },
    start: {
      tables: [
        [1, null],
        [2, 1],
        [3, null],
      ],
      pages: [
        { gfn: 0, level: 2 },
        { gfn: 1, level: 1 },
      ],
      filled: true,
      cr3: [0, 0],
      cr3Loads: [1, 0],
      begin: (kvm) => {
        kvm.page[1].unsync = true
        kvm_mmu_mark_parents_unsync(kvm, 1)
      },
    },
    properties: [...LEVEL_PROPERTIES, 'page-on-one-list', 'unsync-page-is-zapped-for-a-directory'],
  }),
  scenario({
    id: 'unsync-table-without-slot',
    title: 'a vCPU reloads CR3 to sync a table while the memslot of the table is deleted',
    about:
      'A table whose memslot is INVALID or gone cannot be read, so its shadow page cannot be synced and is zapped instead.',
    bounds: {
      shadow: { levels: 2, pages: 3 },
      guest: {
        gfns: 4,
        gvas: 2,
        reads: [0],
        edits: [{ gva: 1, index: 0, to: 3, w: true }],
        editsLeft: 1,
        cr3Loads: 1,
        invlpgs: 1,
      },
      host: { pfns: 4 },
      memslots: { slots: 1, of: [null, 0, null, null], deletes: 1, preciseZap: true },
    },
    start: { tables: TABLE_MAPS_ITSELF, pages: [{ gfn: 0, level: 2 }] },
    properties: [
      ...LEVEL_PROPERTIES,
      'no-spte-of-a-freed-slot',
      'nothing-added-to-an-invalid-slot',
      'page-on-one-list',
      'zap-all-can-finish',
      'sync-fails-and-zaps',
    ],
  }),
  scenario({
    id: 'unsync-zap',
    title: 'one vCPU writes to a level-1 table while a zapper zaps its shadow pages',
    about:
      'Unsync pages are zapped together with their ancestor, so that no unsync page becomes unreachable.',
    bounds: {
      shadow: { levels: 2, pages: 4 },
      guest: {
        gfns: 4,
        gvas: 2,
        reads: [0],
        edits: [{ gva: 1, index: 0, to: 3, w: true }],
        editsLeft: 1,
        invlpgs: 1,
      },
      host: { pfns: 4 },
      zap: { threads: 1, pages: 1 },
    },
    start: {
      tables: TABLE_MAPS_ITSELF,
      pages: [{ gfn: 0, level: 2 }],
    },
    properties: [
      ...LEVEL_PROPERTIES,
      'write-tracking-ends-only-after-it-began',
      'no-link-to-a-dead-page',
      'page-on-one-list',
      'no-freed-root-in-use',
      'pte-list-remove-finds-its-entry',
      'mmu-set-spte-finds-a-mapped-leaf-on-its-rmap',
    ],
  }),
  scenario(SYNC_BEFORE_LINK),
  scenario({
    ...SYNC_BEFORE_LINK,
    id: 'sync-before-link-in-rounds',
    title: 'as sync-before-link, and the sync is interrupted',
    about:
      'A fault may not drop mmu_lock while it syncs: it ends with -EINTR, requests a sync of the root, and the guest retries.',
    bounds: mergeBounds(SYNC_BEFORE_LINK.bounds, { shadow: { syncBatch: 1 } }),
    properties: [
      ...SYNC_BEFORE_LINK.properties,
      'no-fault-retried-for-ever',
      'sync-in-a-fault-is-interrupted',
    ],
  }),
  scenario({
    id: 'sync-before-link-two-vcpus',
    title: 'as sync-before-link, while a second vCPU reads through the second path',
    about:
      'The vCPU that links a page could sync the pages below before it enters the guest; the other vCPU does not wait for that.',
    bounds: {
      vcpus: 2,
      shadow: { levels: 3, pages: 4 },
      guest: {
        gfns: 7,
        gvas: 6,
        reads: [4, 5],
        edits: [{ gva: 2, index: 1, to: 1, w: true, by: 0 }],
        editsLeft: 1,
      },
      host: { pfns: 7 },
    },
    start: {
      tables: TWO_WAYS,
      pages: [
        { gfn: 0, level: 3 },
        { gfn: 1, level: 2 },
        { gfn: 2, level: 1 },
      ],
      begin: (kvm) => {
        const [root, middle, leaf] = [0, 1, 2]
        link(kvm, root, 0, middle)
        link(kvm, middle, 0, leaf)
        map(kvm, leaf, 1, 5, false)
        // The guest has changed the lowest table, gfn 5 -> 6, and has not flushed.
        kvm.page[leaf].unsync = true
        kvm_mmu_mark_parents_unsync(kvm, leaf)
        write_gpte(kvm, 2, 1, 6, true)
      },
    },
    // No SPTE maps a table writable at the start: the store that made the lowest one unsync is over.
    properties: [
      ...LEVEL_PROPERTIES.filter((id) => id !== 'writable-table-is-unsync'),
      'store-to-a-table-is-emulated',
      'unsync-page-is-linked-a-second-time',
    ],
  }),
  scenario(UNSYNC_TABLE_OF_TWO_ROOTS),
]
