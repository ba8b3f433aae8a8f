import type { Kvm } from '../../memory/kvm.ts'
import { type Plan, scenario } from '../build-scenario.ts'
import type { Scenario } from '../scenario.ts'
import type { Start } from '../start.ts'

/** Checked in every scenario of this file. */
const ROOT_PROPERTIES = [
  'no-stale-root-used',
  'no-leaf-below-an-obsolete-root',
  'no-freed-root-in-use',
  'no-tlb-entry-of-a-freed-root',
  'no-guest-on-a-root-after-its-request',
  'no-request-unnoticed-in-guest-mode',
  'no-obsolete-root-kept',
  'only-obsolete-roots-freed',
  'root-count-is-number-of-holders',
  'page-on-one-list',
  'every-access-can-finish',
  'no-deadlock',
  'stale-fault-is-retried',
]

/** Witnesses that only zapping a root in use can show. */
const ZAP_WITNESS = 'guest-enters-on-a-root-being-zapped'

/** Two page directories that map the same frame; all vCPUs have the root of the first one. */
const TWO_DIRECTORIES: Start = { tables: [[2], [2]], pages: [{ gfn: 0, level: 1 }] }

/** The same, and each vCPU has the second one as its previous root. */
const BOTH_ROOTS: Start = {
  ...TWO_DIRECTORIES,
  pages: [
    { gfn: 0, level: 1 },
    { gfn: 1, level: 1 },
  ],
  oldestFirst: [1, 0],
  previous: 1,
}

/** An older page, of a table that no CR3 value points to, which is zapped before the roots. */
const WITH_OLDER_PAGE: Start = {
  ...TWO_DIRECTORIES,
  pages: [
    { gfn: 0, level: 1 },
    { gfn: 2, level: 1 },
  ],
  oldestFirst: [1, 0],
}

/** Scenarios about roots only: which vCPU drops which root, and when a request is sent. */
/** The page that becomes the root has been a root before, below which the CPU has cached translations. */
const ROOT_OF_UNKNOWN_PROVENANCE: Plan = {
  id: 'root-of-unknown-provenance',
  title: 'the TLB holds a translation of an earlier use of the page that becomes the root',
  about:
    'kvm_mmu_load() flushes the TLB because the provenance of the new root is unknown: KVM flushes when it frees a shadow root, but another hypervisor may have left entries. Here one is there from the start, to a page that the VM does not have.',
  bounds: { shadow: { pages: 1 }, guest: { gfns: 2 }, host: { pfns: 3 } },
  start: {
    tables: [[1]],
    begin: (kvm) => {
      kvm.vcpu[0].tlb[0].root = 0
      kvm.vcpu[0].tlb[0].pfn = 2
    },
  },
  properties: ['no-flush-debt-at-unlock', 'no-freed-root-in-use', 'every-access-can-finish', 'no-deadlock'],
}

export const rootScenarios: readonly Scenario<Kvm>[] = [
  scenario({
    id: 'roots-zap-all',
    aliases: ['seed-002'],
    title: 'one vCPU switches CR3 while a memslot delete zaps all pages, dropping mmu_lock between pages',
    about:
      'The situation of the bug in v5.18: a cached previous root, a memslot delete that drops mmu_lock before it reaches that root, and a guest that switches back to it. One older page makes the walk reach the roots late.',
    bounds: {
      shadow: { pages: 5 },
      guest: { gfns: 3, pgds: 2, cr3Loads: 2 },
      host: { pfns: 3 },
      roots: { prev: 1 },
      zap: { all: 1, lockBreak: true },
    },
    start: WITH_OLDER_PAGE,
    properties: [...ROOT_PROPERTIES, 'zap-all-can-finish'],
  }),
  scenario({
    id: 'roots-zap-all-unbroken',
    title: 'one vCPU switches CR3 while a memslot delete zaps all pages without dropping mmu_lock',
    about: 'As roots-zap-all, but the walk never drops mmu_lock.',
    bounds: {
      shadow: { pages: 5 },
      guest: { gfns: 3, pgds: 2, cr3Loads: 2 },
      host: { pfns: 3 },
      roots: { prev: 1 },
      zap: { all: 1 },
    },
    start: WITH_OLDER_PAGE,
    properties: [...ROOT_PROPERTIES, 'zap-all-can-finish'],
  }),
  scenario({
    id: 'roots-zap-one',
    title: 'one vCPU switches CR3 while single root pages are zapped',
    about:
      'A zapper thread stands for another vCPU that zaps the root of a page directory the guest writes to. The order of role.invalid and the request matters.',
    bounds: {
      shadow: { pages: 4 },
      guest: { gfns: 4, pgds: 3, cr3Loads: 2 },
      host: { pfns: 4 },
      roots: { prev: 1 },
      zap: { threads: 1, pages: 1 },
    },
    start: { ...TWO_DIRECTORIES, tables: [[3], [3], [3]] },
    properties: [...ROOT_PROPERTIES, ZAP_WITNESS],
  }),
  scenario({
    id: 'roots-zap-one-two-vcpus',
    title: 'two vCPUs share roots while a single root page is zapped',
    about:
      'The precision half of question seed-002: a vCPU must not lose a root because another root was zapped. Both vCPUs hold a current and a previous root; neither switches.',
    bounds: {
      vcpus: 2,
      shadow: { pages: 3 },
      guest: { gfns: 3, pgds: 2 },
      host: { pfns: 3 },
      roots: { prev: 1 },
      zap: { threads: 1, pages: 1 },
    },
    start: BOTH_ROOTS,
    properties: [...ROOT_PROPERTIES, ZAP_WITNESS],
  }),
  scenario({
    id: 'roots-two-zappers',
    title: 'one vCPU with two roots while two threads zap one root each',
    about: 'Two requests in a row: a handler that clears the request bit last loses the second.',
    bounds: {
      shadow: { pages: 4 },
      guest: { gfns: 3, pgds: 2, cr3Loads: 1 },
      host: { pfns: 3 },
      roots: { prev: 1 },
      zap: { threads: 2, pages: 1 },
    },
    start: TWO_DIRECTORIES,
    properties: [...ROOT_PROPERTIES, ZAP_WITNESS],
  }),
  scenario(ROOT_OF_UNKNOWN_PROVENANCE),
]
