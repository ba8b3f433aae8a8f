import { type Bounds, smallest } from '../memory/bounds.ts'
import type { Kvm } from '../memory/kvm.ts'
import { memoryScenario, type Start } from './memory-scenario.ts'
import type { Scenario } from './scenario.ts'

const SLOT_PROPERTIES = [
  'no-freed-spte-on-rmap',
  'no-spte-of-a-freed-slot',
  'no-use-after-free',
  'nothing-added-to-an-invalid-slot',
  'no-request-unnoticed-in-guest-mode',
  'every-access-can-finish',
  'zap-all-can-finish',
  'no-deadlock',
]

const HOST_PAGE_PROPERTIES = [
  'no-mapping-of-a-lost-page',
  'no-install-during-invalidation',
  'no-flush-debt-at-unlock',
  'invalidations-are-balanced',
]

/** The slot that stays and the slot that goes: what the scenarios of seed 001 have in common. */
const TWO_SLOTS: Partial<Bounds> = {
  pages: 3,
  levels: 2,
  entries: 2,
  gfns: 4,
  tables: 2,
  pfns: 5,
  slots: 2,
  slotOf: [null, null, 0, 1],
  slotDeletes: 1,
  lockBreak: true,
}
const SEED_001: Partial<Bounds> = {
  ...TWO_SLOTS,
  // Reads would map and cache the same translations.
  dataWrites: true,
  reads: [],
  notifiers: 1,
  invalidations: 1,
  invalidated: [2, 3],
  dirty: true,
}
const TWO_SLOTS_MAPPED: Start = {
  tables: [
    [1, null],
    [2, 3],
  ],
  pages: [
    { gfn: 1, level: 1 },
    { gfn: 0, level: 2 },
  ],
  filled: true,
}

const ZAP_ALL: Partial<Bounds> = {
  pages: 6,
  levels: 2,
  gfns: 4,
  tables: 3,
  pfns: 4,
  zapAlls: 1,
  lockBreak: true,
}
const ZAP_ALL_START: Start = {
  tables: [[1], [3], [3]],
  pages: [
    { gfn: 1, level: 1 },
    { gfn: 0, level: 2 },
    { gfn: 2, level: 1 },
  ],
  filled: false,
}

/** Deletion of a memslot, against notifiers, faults and reclaim. */
export const slotScenarios: readonly Scenario<Kvm>[] = [
  memoryScenario({
    id: 'slot-delete',
    aliases: ['seed-001'],
    title: 'a memslot is deleted; one shadow page maps a frame of it and a frame of another slot',
    about:
      'The situation of seed 001 (April 2013): spte[0] is on an rmap of the slot that is deleted, spte[1] on one of a slot that stays. A notifier takes either page away, and a vCPU runs on the old root. Who takes which entry off its rmap, and when may the page and the arrays be freed?',
    bounds: SEED_001,
    start: TWO_SLOTS_MAPPED,
    properties: [
      ...SLOT_PROPERTIES,
      ...HOST_PAGE_PROPERTIES,
      'no-dirty-page-lost',
      'no-stale-root-used',
      'obsolete-pages-are-oldest',
      'page-on-one-list',
      'root-count-is-number-of-holders',
      'notifier-finds-an-invalid-slot',
    ],
  }),
  memoryScenario({
    id: 'slot-delete-shrinker',
    aliases: [],
    title: 'a memslot is deleted while a shrinker frees shadow pages',
    about:
      'As slot-delete without notifier: the shrinker takes what the deletion has zapped and not freed (v3.11..v6.1), or zaps the oldest page itself, whenever mmu_lock is dropped.',
    bounds: { ...TWO_SLOTS, reclaims: 1 },
    start: TWO_SLOTS_MAPPED,
    properties: [
      ...SLOT_PROPERTIES,
      'obsolete-pages-are-oldest',
      'page-on-one-list',
      'root-count-is-number-of-holders',
    ],
  }),
  memoryScenario({
    id: 'zap-termination',
    aliases: [],
    title: 'a memslot update zaps all pages, dropping mmu_lock between them, while a vCPU builds new ones',
    about:
      'What makes zapping in small sections end: pages built meanwhile are of the new generation, so that the set of obsolete pages only shrinks.',
    bounds: ZAP_ALL,
    start: ZAP_ALL_START,
    properties: ['zap-all-terminates', 'zap-all-can-finish', 'every-access-can-finish', 'no-deadlock'],
  }),
  memoryScenario({
    id: 'zap-all-breaks',
    aliases: [],
    title: 'as zap-termination: which pages the walk finds, and who finds the pages it has zapped',
    about:
      'New pages go to the head of the list, so that the walk from the tail may stop at the first of them; pages that were zapped stay in the hash, where a fault must not find them. The newest page at the start shadows a table that is no longer used.',
    bounds: ZAP_ALL,
    start: ZAP_ALL_START,
    properties: [
      'obsolete-pages-are-oldest',
      'no-obsolete-page-after-the-zap',
      'no-link-to-a-dead-page',
      'no-stale-root-used',
      'no-freed-root-in-use',
      'no-leaf-below-an-obsolete-root',
      'page-on-one-list',
      'every-access-can-finish',
      'no-deadlock',
      'no-use-after-free',
    ],
  }),
  memoryScenario({
    id: 'slot-delete-fault',
    aliases: [],
    title: 'a memslot is deleted, frame by frame, while a vCPU faults on it',
    about:
      'With kvm_mmu_zap_memslot() no root becomes obsolete, so that only the INVALID phase and the two grace periods keep a fault from mapping a frame of the slot after it was zapped.',
    bounds: {
      pages: 2,
      slots: 1,
      slotOf: [null, 0],
      slotDeletes: 1,
      preciseZap: true,
    },
    start: { tables: [[1]], pages: [{ gfn: 0, level: 1 }], filled: false },
    properties: [...SLOT_PROPERTIES, 'fault-finds-an-invalid-slot'],
  }),
  memoryScenario({
    id: 'slot-delete-flush-debt',
    aliases: [],
    title: 'a memslot of two frames is zapped frame by frame while the host takes one of the pages away',
    about:
      'kvm_mmu_zap_memslot() may drop mmu_lock between frames. What it has zapped must be flushed before, because a notifier that then finds no SPTE does not flush.',
    bounds: {
      pages: 1,
      entries: 2,
      gfns: 3,
      pfns: 4,
      slots: 1,
      slotOf: [null, 0, 0],
      slotDeletes: 1,
      preciseZap: true,
      lockBreak: true,
      notifiers: 1,
      invalidations: 1,
      invalidated: [1],
    },
    start: { tables: [[1, 2]], pages: [{ gfn: 0, level: 1 }], filled: true },
    properties: [...SLOT_PROPERTIES, ...HOST_PAGE_PROPERTIES, 'notifier-runs-in-a-lock-break'],
  }),
  memoryScenario({
    id: 'slot-delete-table',
    aliases: [],
    title: 'a memslot that holds a guest page table is deleted; what the table maps lies elsewhere',
    about:
      'A shadow page refers to two slots: the one its table lies in, which counts it, and the one its frames lie in. Zapping the leaf SPTEs of the slot is not enough. A shrinker frees the page later.',
    bounds: {
      pages: 3,
      gfns: 3,
      tables: 2,
      pfns: 3,
      slots: 1,
      slotOf: [null, 0, null],
      slotDeletes: 1,
      preciseZap: true,
      reclaims: 1,
    },
    start: {
      tables: [[2], [2]],
      pages: [
        { gfn: 1, level: 1 },
        { gfn: 0, level: 1 },
      ],
      filled: true,
    },
    properties: SLOT_PROPERTIES,
  }),
  memoryScenario({
    id: 'slot-delete-previous-root',
    aliases: [],
    title: 'a memslot that holds a page directory is deleted, of which a vCPU keeps the root in its cache',
    about:
      'As slot-delete-table, but the shadow page is pinned: it is zapped as a root in use, so that the vCPU has to be told, and freed when the vCPU drops it.',
    bounds: {
      pages: 2,
      gfns: 3,
      tables: 2,
      pgds: 2,
      pfns: 3,
      prevRoots: 1,
      slots: 1,
      slotOf: [null, 0, null],
      slotDeletes: 1,
      preciseZap: true,
    },
    start: {
      tables: [[2], [2]],
      pages: [
        { gfn: 1, level: 1 },
        { gfn: 0, level: 1 },
      ],
      filled: true,
      previous: 1,
    },
    properties: [
      ...SLOT_PROPERTIES,
      'no-obsolete-root-kept',
      'no-freed-root-in-use',
      'only-obsolete-roots-freed',
    ],
  }),
]

/** The bounds of a scenario of seed 001, for the designs that bring their own loops. */
export function boundsOf(id: 'slot-delete'): Bounds {
  return { ...smallest, ...{ 'slot-delete': SEED_001 }[id] }
}
