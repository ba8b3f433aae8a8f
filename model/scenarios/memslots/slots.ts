import { type BoundsInput, mergeBounds } from '../../memory/bounds.ts'
import type { Kvm } from '../../memory/kvm.ts'
import { type Plan, scenario } from '../build-scenario.ts'
import type { Scenario } from '../scenario.ts'
import type { Start } from '../start.ts'

/** Properties of deleting a memslot. */
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

/** Properties of host pages that are taken away meanwhile. */
export const HOST_PAGE_PROPERTIES = [
  'no-mapping-of-a-lost-page',
  'no-install-during-invalidation',
  'no-flush-debt-at-unlock',
  'invalidations-are-balanced',
  'invalidation-ends-only-after-it-began',
  'notifier-ends-only-after-it-began',
  'mmu-lock-is-released-only-while-held',
]

/** Slot 0 is deleted and slot 1 stays: common to the scenarios of question seed-001. */
const TWO_SLOTS: BoundsInput = {
  shadow: { pages: 3, levels: 2 },
  guest: { gfns: 4 },
  host: { pfns: 5 },
  memslots: { slots: 2, of: [null, null, 0, 1], deletes: 1 },
  zap: { lockBreak: true },
}
const DELETE_WITH_NOTIFIER: BoundsInput = mergeBounds(TWO_SLOTS, {
  guest: {
    // Reads would only map and cache the same translations.
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

/** Two page directories, the older one at gfn 1, both of which map gfn 2. */
export const TWO_ROOTS_MAPPED: Start = {
  tables: [[2], [2]],
  pages: [
    { gfn: 1, level: 1 },
    { gfn: 0, level: 1 },
  ],
  filled: true,
}

/** Exported because designs build their steps for these bounds. */
export const SLOT_DELETE: Plan = {
  id: 'slot-delete',
  aliases: ['seed-001'],
  title: 'a memslot is deleted; one shadow page maps a gfn of it and a gfn of another slot',
  about:
    'The situation of question seed-001 (April 2013): spte[0] is on an rmap of the slot that is deleted, spte[1] on one of a slot that stays. A notifier takes either page away, and a vCPU runs on the old root. Who removes which rmap entry, and when may the page and the arrays be freed?',
  bounds: DELETE_WITH_NOTIFIER,
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

/** Exported because designs build their steps for these bounds. */
export const SLOT_DELETE_MMIO: Plan = {
  id: 'slot-delete-mmio',
  title: 'a memslot is deleted while a vCPU faults on a gfn of it that is already mapped',
  about:
    'The vCPU has read the page and then writes to it: the fault finds a present, read-only SPTE. Once the slot is gone, accesses install MMIO SPTEs. Only the order of the deletion keeps an MMIO SPTE from overwriting a present one.',
  bounds: mergeBounds(MMIO_AFTER_DELETION, {
    shadow: { pages: 2 },
    guest: { dataWrites: true },
    memslots: { kicks: true },
  }),
  start: { tables: [[1]], pages: [{ gfn: 0, level: 1 }] },
  properties: [...MMIO_AFTER_DELETION_PROPERTIES, 'request-finds-a-kicked-vcpu'],
}

/** Deletion of a memslot, against notifiers, faults and reclaim. */
export const slotScenarios: readonly Scenario<Kvm>[] = [
  scenario(SLOT_DELETE),
  scenario({
    id: 'slot-delete-shrinker',
    title: 'a memslot is deleted while a shrinker frees shadow pages',
    about:
      'As slot-delete without a notifier: whenever mmu_lock is dropped, the shrinker frees pages that the deletion has zapped and not freed (v3.11..v6.12), or zaps the oldest page.',
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
    title: 'a memslot is deleted, gfn by gfn, while a vCPU faults on it',
    about:
      'With kvm_mmu_zap_memslot() no root becomes obsolete, so only the INVALID phase and the two grace periods keep a fault from mapping a gfn of the slot after it was zapped.',
    bounds: {
      shadow: { pages: 2 },
      memslots: { slots: 1, of: [null, 0], deletes: 1, preciseZap: true, kicks: true },
      hostInterrupt: {},
    },
    start: { tables: [[1]], pages: [{ gfn: 0, level: 1 }] },
    properties: [...SLOT_PROPERTIES, 'fault-finds-an-invalid-slot'],
  }),
  scenario(SLOT_DELETE_MMIO),
  scenario({
    id: 'slot-delete-mmio-two-vcpus',
    title: 'a memslot is deleted, gfn by gfn, while two vCPUs fault on the same gfn of it',
    about:
      'As slot-delete-mmio, but the other vCPU has mapped the gfn meanwhile and caches the translation in its TLB.',
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
    title: 'a memslot with two gfns is zapped gfn by gfn while the host takes one of the pages away',
    about:
      'kvm_mmu_zap_memslot() may drop mmu_lock between gfns. It must flush before, because a notifier that finds no SPTE does not flush.',
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
    id: 'slot-delete-flush-debt-of-the-last-gfn',
    title: 'a memslot with two gfns is zapped gfn by gfn while a vCPU has both in its TLB',
    about:
      'As slot-delete-flush-debt, but the vCPU reads the last gfn, too. Its leaf SPTEs are zapped without a break, so that the flush for them is owed when the walk over the shadow pages starts, which must flush before it drops mmu_lock.',
    bounds: {
      shadow: { pages: 1 },
      guest: { gfns: 3, gvas: 2 },
      host: { pfns: 3 },
      memslots: { slots: 1, of: [null, 0, 0], deletes: 1, preciseZap: true },
      zap: { lockBreak: true },
    },
    start: { tables: [[1, 2]], pages: [{ gfn: 0, level: 1 }], filled: true },
    properties: SLOT_PROPERTIES,
  }),
  scenario({
    id: 'slot-delete-table',
    title: 'a memslot that contains a guest page table is deleted; the table maps gfns of another slot',
    about:
      'A shadow page refers to two slots: the one that contains its guest table, where it is accounted, and the one that contains the mapped gfns. Zapping the leaf SPTEs of the slot is not enough. The shrinker frees the page later.',
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
    id: 'slot-delete-two-tables',
    title: 'a memslot that contains two guest page tables is deleted, gfn by gfn, while a vCPU runs',
    about:
      'mmu_lock is not dropped between the gfns, so kvm_mmu_zap_memslot_pages_and_flush() collects the shadow pages of both tables, and one flush comes before both are freed. (The slot-delete-flush-debt scenario has the breaks.)',
    bounds: {
      shadow: { pages: 3, levels: 2 },
      guest: { gfns: 4, gvas: 4 },
      host: { pfns: 4 },
      memslots: { slots: 1, of: [null, 0, 0, null], deletes: 1, preciseZap: true },
    },
    start: {
      tables: [
        [1, 2],
        [3, null],
        [3, null],
      ],
      pages: [
        { gfn: 0, level: 2 },
        { gfn: 1, level: 1 },
        { gfn: 2, level: 1 },
      ],
      filled: true,
    },
    properties: [
      ...SLOT_PROPERTIES,
      'no-flush-debt-at-unlock',
      'page-on-one-list',
      'slot-zap-frees-pages-of-two-gfns-at-once',
    ],
  }),
  scenario({
    id: 'slot-delete-used-table',
    title: 'a memslot that contains a level-1 table is deleted while a vCPU faults through the table',
    about:
      'A table whose memslot is INVALID or gone cannot be read: the guest gets a #PF, and KVM builds no shadow page that the zap would miss.',
    bounds: {
      shadow: { pages: 3, levels: 2 },
      guest: { gfns: 3 },
      host: { pfns: 3 },
      memslots: { slots: 1, of: [null, 0, null], deletes: 1, preciseZap: true },
    },
    start: { tables: [[1], [2]] },
    properties: [...SLOT_PROPERTIES, 'page-on-one-list'],
  }),
  scenario({
    id: 'slot-delete-previous-root',
    title: 'a memslot that contains a page directory is deleted while a vCPU has its root cached',
    about:
      'As slot-delete-table, but root_count pins the shadow page: it is zapped as a root in use, which needs a request to the vCPU, and freed when the vCPU drops it.',
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
  scenario({
    id: 'slot-delete-root',
    title: 'a memslot that contains a page directory is deleted while a vCPU loads the page directory',
    about:
      'As slot-delete-previous-root, but the guest can switch to the page directory at any time. Once its memslot is INVALID, KVM no longer shadows it: the vCPU gets a dummy root, and the guest a #PF for every access, because its table cannot be read.',
    bounds: {
      shadow: { pages: 3 },
      guest: { gfns: 3, pgds: 2, cr3Loads: 1 },
      host: { pfns: 3 },
      roots: { prev: 1 },
      memslots: { slots: 1, of: [null, 0, null], deletes: 1, preciseZap: true },
    },
    start: { ...TWO_ROOTS_MAPPED, previous: 1 },
    properties: [
      ...SLOT_PROPERTIES,
      'no-obsolete-root-kept',
      'no-freed-root-in-use',
      'no-fault-retried-for-ever',
      'guest-runs-on-a-dummy-root',
    ],
  }),
]
