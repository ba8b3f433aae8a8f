import type { Kvm } from '../memory/kvm.ts'
import { type RoleScenario, roleScenario } from './role-scenario.ts'
import type { Scenario } from './scenario.ts'

const LISTS = ['no-freed-root-in-use', 'root-count-is-number-of-holders', 'page-on-one-list']

/** Where the guest does nothing but switch contexts, and stops when it has switched often enough. */
const CACHE = [
  ...LISTS,
  'root-fits-the-context',
  'context-fits-the-guest',
  'cached-root-is-found',
  'one-page-per-key',
]

const ROOTS = [...LISTS, 'freed-page-is-unreferenced', 'no-use-after-free']

const ZAPPED_ROOTS = [
  'no-stale-root-used',
  'no-guest-on-a-root-after-its-request',
  'no-request-unnoticed-in-guest-mode',
  'no-obsolete-root-kept',
]

const FAULTS = [
  'no-deadlock',
  'no-tlb-entry-of-a-freed-root',
  'no-leaf-below-an-obsolete-root',
  'every-access-can-finish',
  'no-fault-retried-for-ever',
]

const RMAPS = [
  'no-freed-spte-on-rmap',
  'leaf-is-on-its-rmap',
  'rmap-holds-present-sptes',
  'rmap-key-is-the-pages-own',
]

const TREES = [
  'child-is-one-level-below',
  'parent-links-match',
  'no-link-to-a-dead-page',
  'shadowed-tables-are-counted',
]

/** A fault below a huge guest page finds a child linked that the guest no longer asks for. */
export const HUGE_PAGE_REMAPPED: RoleScenario = {
  id: 'huge-page-remapped',
  aliases: ['13.1', 'CVE-2026-46113'],
  title: 'userspace changes a guest entry from one huge page to another, behind the back of KVM',
  about:
    'The vCPU faults in the first frame of huge page A through a direct shadow page. Somebody writes the entry without KVM seeing it; the next fault, on the second frame, finds the page for A linked where one for B is wanted. Then all pages are zapped. Section 13.1 of the domain reference.',
  bounds: {
    pages: 3,
    levels: 2,
    gfns: 5,
    pfns: 5,
    gvas: 2,
    huge: true,
    external: [{ table: 0, index: 0, to: 3, huge: true }],
    externalLeft: 1,
    zapAlls: 1,
  },
  tables: [[{ huge: 1 }, null]],
  properties: [
    ...ROOTS,
    ...TREES,
    ...RMAPS,
    'no-deadlock',
    'no-fault-retried-for-ever',
    'one-page-per-key',
    'wrong-child-is-linked',
  ],
}

/** The same, and what becomes of the entry is a table at the frame where the huge page began. */
export const HUGE_PAGE_TO_TABLE: RoleScenario = {
  id: 'huge-page-to-table',
  aliases: ['13.2', 'CVE-2026-53359'],
  title: 'userspace changes a guest entry from a huge page to a table in its first frame',
  about:
    'As huge-page-remapped, but the entry names a table afterwards, in the frame that the huge page began with: the frame of the linked page is right, its role is not. Section 13.2.',
  bounds: {
    ...HUGE_PAGE_REMAPPED.bounds,
    external: [{ table: 0, index: 0, to: 1, huge: false }],
  },
  tables: [
    [{ huge: 1 }, null],
    [3, 4],
  ],
  properties: HUGE_PAGE_REMAPPED.properties,
}

/** Scenarios about keys: under what pages, roots and SPTEs are found again; and about quotas. */
export const roleScenarios: readonly Scenario<Kvm>[] = [
  roleScenario({
    id: 'role-cache',
    aliases: ['seed-004'],
    title: 'one vCPU switches between L1 and two L2 contexts, and L1 switches CR4.PAE',
    about:
      'TDP is on: root_mmu has a direct root for L1, guest_mmu shadows the nested tables of L1. Which roots are found again after a switch, and is the context set up anew when the guest changes the format of its page tables? Roots only, no memory accesses; one thread.',
    bounds: {
      mmus: 2,
      pages: 4,
      gfns: 3,
      pfns: 3,
      pgds: 3,
      gvas: 0,
      prevRoots: 1,
      nestedRuns: 3,
      paeToggles: 2,
    },
    tables: [[null], [null], [null]],
    properties: [...CACHE, 'both-mmus-hold-roots'],
  }),
  roleScenario({
    id: 'role-cache-shadow-paging',
    aliases: [],
    title: 'one vCPU without TDP switches CR3 and CR4.PAE',
    about:
      'The counterpart of role-cache: indirect roots, whose contents depend on the size of guest entries, so that the bit must be in their key.',
    bounds: { pages: 5, gfns: 2, pfns: 2, pgds: 2, gvas: 0, prevRoots: 1, cr3Loads: 2, paeToggles: 2 },
    tables: [[null], [null]],
    properties: CACHE,
  }),
  roleScenario({
    id: 'nested-zap-all',
    aliases: [],
    title: 'one vCPU runs L1 and L2 while a memslot delete zaps all pages',
    about: 'Requests concern the roots of both MMUs of a vCPU, whichever it uses at the moment. Roots only.',
    bounds: {
      mmus: 2,
      pages: 4,
      gfns: 2,
      pfns: 2,
      pgds: 2,
      gvas: 0,
      nestedRuns: 2,
      zapAlls: 1,
      lockBreak: true,
    },
    tables: [[null], [null]],
    properties: [
      ...ROOTS,
      ...ZAPPED_ROOTS,
      'only-obsolete-roots-freed',
      'root-fits-the-context',
      'cached-root-is-found',
      'both-mmus-hold-roots',
    ],
  }),
  roleScenario({
    id: 'roots-without-page',
    aliases: [],
    title: 'a vCPU with a PAE root while one of the pages that the root names is zapped',
    about:
      'A root without a shadow page cannot be asked whether it is obsolete: it is dropped on every request, and a fault below it is stale while a request is pending. Two page directories per address space, one of them shared.',
    bounds: {
      paeRoots: 2,
      pages: 4,
      gfns: 4,
      pfns: 4,
      pgds: 2,
      gvas: 2,
      cr3Loads: 2,
      zappers: 1,
      zaps: 1,
    },
    tables: [[3], [3], [3]],
    properties: [
      ...ROOTS,
      ...ZAPPED_ROOTS,
      ...FAULTS,
      'no-null-pointer',
      'valid-pages-dropped-with-a-pae-root',
    ],
  }),
  roleScenario(HUGE_PAGE_REMAPPED),
  roleScenario({
    ...HUGE_PAGE_REMAPPED,
    id: 'huge-page-remapped-notifier',
    aliases: [],
    title: 'the same, and the host takes away a page of the second huge page',
    about:
      'As huge-page-remapped, with a notifier that walks the rmap on which an entry may have been left behind: the ending of section 13.1.',
    bounds: {
      ...HUGE_PAGE_REMAPPED.bounds,
      pfns: 6,
      notifiers: 1,
      invalidations: 1,
      invalidated: [4],
    },
    properties: ['no-use-after-free', ...RMAPS, 'no-fault-retried-for-ever', 'no-deadlock'],
  }),
  roleScenario(HUGE_PAGE_TO_TABLE),
  roleScenario({
    id: 'mapped-to-mmio',
    aliases: ['CVE-2026-23401'],
    title: 'userspace changes a guest entry from memory to MMIO, behind the back of KVM',
    about:
      'The vCPU has the frame mapped read-only. Somebody points the guest entry at a frame without memslot; the next write fault stores an MMIO SPTE over a present one.',
    bounds: {
      pages: 2,
      gfns: 3,
      pfns: 3,
      mmioGfns: 1,
      dataWrites: true,
      external: [{ table: 0, index: 0, to: 2, huge: false }],
      externalLeft: 1,
      zappers: 1,
      zaps: 1,
      notifiers: 1,
      invalidations: 1,
      invalidated: [1],
    },
    tables: [[1]],
    properties: [...ROOTS, ...RMAPS, 'no-deadlock', 'no-fault-retried-for-ever', 'mapped-entry-becomes-mmio'],
  }),
  roleScenario({
    id: 'recursive-table',
    aliases: [],
    title: 'a guest table that points at itself',
    about:
      'Page directories that map themselves are common: one frame is a table of both levels, shadowed by a page for each.',
    bounds: { pages: 3, levels: 2, gfns: 2, pfns: 2, gvas: 2, zappers: 1, zaps: 1 },
    tables: [[0, 1]],
    properties: [...ROOTS, ...ZAPPED_ROOTS, ...FAULTS, ...TREES, ...RMAPS, 'one-page-per-key'],
  }),
  roleScenario({
    id: 'root-zapped-under-fault',
    aliases: [],
    title: 'the root is zapped between the exit for a page fault and mmu_lock',
    about: 'Two levels: what would a fault below a zapped root build, and under which role?',
    bounds: { pages: 4, levels: 2, gfns: 3, pfns: 3, zappers: 1, zaps: 1 },
    tables: [[1], [2]],
    properties: [...ROOTS, ...ZAPPED_ROOTS, ...FAULTS, ...TREES, ...RMAPS, 'stale-fault-is-retried'],
  }),
  roleScenario({
    id: 'reclaim-under-fault',
    aliases: ['13.3', 'CVE-2026-64561'],
    title: 'the quota is used up while the current root is also the child of an older page',
    about:
      'L2 runs on nested tables with three levels, then on the same tables from their second level down, as with a 4-level table below a 5-level one. With the quota used up a fault zaps the oldest page, the old root, whose only child is the root in use. Sequential. The table of section 13.3; there a quota of 3 is named, here 4 pages let one vCPU get into the situation all by itself.',
    bounds: {
      levels: 3,
      rootLevels: [3, 2],
      guestMode: true,
      pages: 5,
      quota: 4,
      gfns: 5,
      pfns: 5,
      pgds: 2,
      gvas: 3,
      cr3Loads: 2,
    },
    tables: [
      [1, null],
      [2, 3],
      [4, 4],
      [4, 4],
    ],
    properties: [
      ...ROOTS,
      'no-obsolete-root-kept',
      ...FAULTS,
      ...TREES,
      ...RMAPS,
      'reclaim-spares-roots',
      'root-is-also-a-child',
    ],
  }),
  roleScenario({
    id: 'reclaim-order',
    aliases: [],
    title: 'an instruction with two operands, and a quota that is just enough for both',
    about:
      'A root, a table for each operand, and an old root that nobody uses any more, with a quota of 3. Which end of the list is reclaimed decides whether the instruction ever finishes.',
    bounds: {
      levels: 2,
      pages: 4,
      quota: 3,
      gfns: 5,
      pfns: 5,
      pgds: 2,
      gvas: 3,
      pairs: true,
      cr3Loads: 2,
    },
    tables: [
      [2, 3],
      [2, 3],
      [4, 4],
      [4, 4],
    ],
    properties: [...ROOTS, ...FAULTS, ...TREES, ...RMAPS, 'reclaim-spares-roots'],
  }),
  roleScenario({
    id: 'reclaim-two-vcpus',
    aliases: [],
    title: 'two vCPUs run out of shadow pages at the same time',
    about:
      'Each vCPU leaves a root behind, and the next faults of both find the quota used up: both look for the oldest page.',
    bounds: { vcpus: 2, pages: 4, quota: 3, gfns: 4, pfns: 4, pgds: 3, cr3Loads: 1 },
    tables: [[3], [3], [3]],
    properties: [...ROOTS, ...RMAPS, 'reclaim-spares-roots', 'no-deadlock'],
  }),
  roleScenario({
    id: 'prefault-loop',
    aliases: ['13.8'],
    title: 'KVM_PRE_FAULT_MEMORY while a memslot delete zaps all pages',
    about:
      'The ioctl calls the fault path in a loop of its own, which does not pass the place where requests are serviced. (The kernel offers it with TDP only; roots and requests are the same.)',
    bounds: { pages: 3, gfns: 2, pfns: 2, zapAlls: 1, prefaults: 1 },
    tables: [[1]],
    properties: [...ROOTS, ...ZAPPED_ROOTS, ...FAULTS, 'only-obsolete-roots-freed', 'prefault-is-stale'],
  }),
  roleScenario({
    id: 'two-zap-alls',
    aliases: [],
    title: 'two memslot deletes in a row',
    about:
      'The generation has one bit, so that the second delete brings back the first generation: a root zapped by the first, and kept by its root_count, looks current again unless role.invalid is looked at.',
    bounds: { pages: 4, gfns: 2, pfns: 2, prevRoots: 1, zapAlls: 2 },
    tables: [[1]],
    properties: [...ROOTS, ...ZAPPED_ROOTS, ...FAULTS, 'only-obsolete-roots-freed', 'zap-all-can-finish'],
  }),
]
