import { type BoundsInput, mergeBounds } from '../../memory/bounds.ts'
import type { Kvm } from '../../memory/kvm.ts'
import { type Plan, scenario } from '../build-scenario.ts'
import type { Scenario } from '../scenario.ts'
import type { Start } from '../start.ts'

/** What holds of a memslot that goes away. */
export const SLOT_PROPERTIES = [
  'no-freed-spte-on-rmap',
  'no-spte-of-a-freed-slot',
  'no-use-after-free',
  'nothing-added-to-an-invalid-slot',
  'no-request-unnoticed-in-guest-mode',
  'every-access-can-finish',
  'zap-all-can-finish',
  'no-deadlock',
]

/** What holds of host pages that are taken away meanwhile. */
export const HOST_PAGE_PROPERTIES = [
  'no-mapping-of-a-lost-page',
  'no-install-during-invalidation',
  'no-flush-debt-at-unlock',
  'invalidations-are-balanced',
  'invalidation-ends-only-after-it-began',
  'notifier-ends-only-after-it-began',
  'mmu-lock-is-released-only-while-held',
]

/** The slot that stays and the slot that goes: what the scenarios of seed 001 have in common. */
const TWO_SLOTS: BoundsInput = {
  shadow: { pages: 3, levels: 2 },
  guest: { gfns: 4 },
  host: { pfns: 5 },
  memslots: { slots: 2, of: [null, null, 0, 1], deletes: 1 },
  zap: { lockBreak: true },
}
const SEED_001: BoundsInput = mergeBounds(TWO_SLOTS, {
  guest: {
    // Reads would map and cache the same translations.
    dataWrites: true,
    reads: [],
  },
  notifier: { threads: 1, invalidations: 1, of: [2, 3] },
  host: { dirty: true },
})
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

/** Two page directories, the older one in frame 1, both of which map frame 2. */
export const TWO_ROOTS_MAPPED: Start = {
  tables: [[2], [2]],
  pages: [
    { gfn: 1, level: 1 },
    { gfn: 0, level: 1 },
  ],
  filled: true,
}

/** The situation of seed 001. Designs that bring their own loops need its bounds. */
export const SLOT_DELETE: Plan = {
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
}

const MMIO_AFTER_DELETION: BoundsInput = { memslots: { slots: 1, of: [null, 0], deletes: 1, mmio: true } }
const MMIO_AFTER_DELETION_PROPERTIES = [
  ...SLOT_PROPERTIES,
  'leaf-is-on-its-rmap',
  'rmap-holds-present-sptes',
  'no-flush-debt-at-unlock',
  'mmio-spte-is-fresh',
  'fault-finds-an-invalid-slot',
  'mmio-spte-is-honoured',
  'mmio-spte-is-out-of-date',
]

/** A memslot is deleted, and MMIO SPTEs come in its place. Designs that bring their own steps need its bounds. */
export const SLOT_DELETE_MMIO: Plan = {
  id: 'slot-delete-mmio',
  title: 'a memslot is deleted while a vCPU faults on a frame of it that is mapped already',
  about:
    'The vCPU has read the frame and then writes to it: the fault finds an SPTE that is present and read-only. Once the slot has gone, accesses leave MMIO SPTEs. Nothing but the order of the deletion keeps one from being stored over the other.',
  bounds: mergeBounds(MMIO_AFTER_DELETION, { shadow: { pages: 2 }, guest: { dataWrites: true } }),
  start: { tables: [[1]], pages: [{ gfn: 0, level: 1 }] },
  properties: MMIO_AFTER_DELETION_PROPERTIES,
}

/** Deletion of a memslot, against notifiers, faults and reclaim. */
export const slotScenarios: readonly Scenario<Kvm>[] = [
  scenario(SLOT_DELETE),
  scenario({
    id: 'slot-delete-shrinker',
    title: 'a memslot is deleted while a shrinker frees shadow pages',
    about:
      'As slot-delete without notifier: the shrinker takes what the deletion has zapped and not freed (v3.11..v6.1), or zaps the oldest page itself, whenever mmu_lock is dropped.',
    bounds: mergeBounds(TWO_SLOTS, { zap: { reclaims: 1 } }),
    start: TWO_SLOTS_MAPPED,
    properties: [
      ...SLOT_PROPERTIES,
      'obsolete-pages-are-oldest',
      'page-on-one-list',
      'root-count-is-number-of-holders',
    ],
  }),
  scenario({
    id: 'slot-delete-fault',
    title: 'a memslot is deleted, frame by frame, while a vCPU faults on it',
    about:
      'With kvm_mmu_zap_memslot() no root becomes obsolete, so that only the INVALID phase and the two grace periods keep a fault from mapping a frame of the slot after it was zapped.',
    bounds: { shadow: { pages: 2 }, memslots: { slots: 1, of: [null, 0], deletes: 1, preciseZap: true } },
    start: { tables: [[1]], pages: [{ gfn: 0, level: 1 }] },
    properties: [...SLOT_PROPERTIES, 'fault-finds-an-invalid-slot'],
  }),
  scenario(SLOT_DELETE_MMIO),
  scenario({
    id: 'slot-delete-mmio-two-vcpus',
    title: 'a memslot is deleted, frame by frame, while two vCPUs fault on the same frame of it',
    about:
      'As slot-delete-mmio, but it is the other vCPU that has mapped the frame meanwhile, and has the translation in its TLB.',
    bounds: mergeBounds(MMIO_AFTER_DELETION, {
      vcpus: 2,
      shadow: { pages: 1 },
      memslots: { preciseZap: true },
    }),
    start: { tables: [[1]], pages: [{ gfn: 0, level: 1 }] },
    properties: MMIO_AFTER_DELETION_PROPERTIES,
  }),
  scenario({
    id: 'slot-delete-flush-debt',
    title: 'a memslot of two frames is zapped frame by frame while the host takes one of the pages away',
    about:
      'kvm_mmu_zap_memslot() may drop mmu_lock between frames. What it has zapped must be flushed before, because a notifier that then finds no SPTE does not flush.',
    bounds: {
      shadow: { pages: 1 },
      guest: { gfns: 3 },
      host: { pfns: 4 },
      memslots: { slots: 1, of: [null, 0, 0], deletes: 1, preciseZap: true },
      zap: { lockBreak: true },
      notifier: { threads: 1, invalidations: 1, of: [1] },
    },
    start: { tables: [[1, 2]], pages: [{ gfn: 0, level: 1 }], filled: true },
    properties: [...SLOT_PROPERTIES, ...HOST_PAGE_PROPERTIES, 'notifier-runs-in-a-lock-break'],
  }),
  scenario({
    id: 'slot-delete-table',
    title: 'a memslot that holds a guest page table is deleted; what the table maps lies elsewhere',
    about:
      'A shadow page refers to two slots: the one its table lies in, which counts it, and the one its frames lie in. Zapping the leaf SPTEs of the slot is not enough. A shrinker frees the page later.',
    bounds: {
      shadow: { pages: 3 },
      guest: { gfns: 3 },
      host: { pfns: 3 },
      memslots: { slots: 1, of: [null, 0, null], deletes: 1, preciseZap: true },
      zap: { reclaims: 1 },
    },
    start: TWO_ROOTS_MAPPED,
    properties: SLOT_PROPERTIES,
  }),
  scenario({
    id: 'slot-delete-previous-root',
    title: 'a memslot that holds a page directory is deleted, of which a vCPU keeps the root in its cache',
    about:
      'As slot-delete-table, but the shadow page is pinned: it is zapped as a root in use, so that the vCPU has to be told, and freed when the vCPU drops it.',
    bounds: {
      shadow: { pages: 2 },
      guest: { gfns: 3, pgds: 2 },
      host: { pfns: 3 },
      roots: { prev: 1 },
      memslots: { slots: 1, of: [null, 0, null], deletes: 1, preciseZap: true },
    },
    start: { ...TWO_ROOTS_MAPPED, previous: 1 },
    properties: [
      ...SLOT_PROPERTIES,
      'no-obsolete-root-kept',
      'no-freed-root-in-use',
      'only-obsolete-roots-freed',
    ],
  }),
]
