import type { Kvm } from '../../memory/kvm.ts'
import { scenario } from '../build-scenario.ts'
import type { Scenario } from '../scenario.ts'
import { FAULTS, LISTS, ROOTS, ZAPPED_ROOTS } from '../shadow/page-properties.ts'

/** For scenarios whose guest only switches contexts, a bounded number of times. */
const CACHE = [
  ...LISTS,
  'root-fits-the-context',
  'context-fits-the-guest',
  'cached-root-is-found',
  'one-page-per-key',
]

/** Scenarios about the key of a cached root: page directory, role, MMU. */
export const roleScenarios: readonly Scenario<Kvm>[] = [
  scenario({
    id: 'role-cache',
    aliases: ['seed-004'],
    title: 'one vCPU switches between L1 and two L2 contexts, and L1 toggles CR4.PAE',
    about:
      'TDP is on: root_mmu has a direct root for L1, guest_mmu shadows the nested tables of L1. Which roots are found again after a switch, and is the context set up again when the guest changes the format of its page tables? One thread; roots only, no memory accesses.',
    bounds: {
      nested: { mmus: 2, runs: 3 },
      shadow: { pages: 4 },
      guest: { gfns: 3, pgds: 3, gvas: 0, paeToggles: 2 },
      host: { pfns: 3 },
      roots: { prev: 1 },
    },
    start: { tables: [[null], [null], [null]] },
    properties: [...CACHE, 'both-mmus-hold-roots', 'kvm-mmu-unload-leaves-no-root'],
  }),
  scenario({
    id: 'role-cache-shadow-paging',
    title: 'one vCPU without TDP switches CR3 and toggles CR4.PAE',
    about:
      'As role-cache with indirect roots, whose contents depend on the gPTE size, so that bit must be in their role.',
    bounds: {
      shadow: { pages: 5 },
      guest: { gfns: 2, pgds: 2, gvas: 0, cr3Loads: 2, paeToggles: 2 },
      host: { pfns: 2 },
      roots: { prev: 1 },
    },
    start: { tables: [[null], [null]] },
    properties: CACHE,
  }),
  scenario({
    id: 'nested-zap-all',
    title: 'one vCPU runs L1 and L2 while a memslot delete zaps all pages',
    about:
      'A request must drop the obsolete roots of both MMUs of a vCPU, whichever is in use. Roots only, no memory accesses.',
    bounds: {
      nested: { mmus: 2, runs: 2 },
      shadow: { pages: 4 },
      guest: { gfns: 2, pgds: 2, gvas: 0 },
      host: { pfns: 2 },
      zap: { all: 1, lockBreak: true },
    },
    start: { tables: [[null], [null]] },
    properties: [
      ...ROOTS,
      ...ZAPPED_ROOTS,
      'only-obsolete-roots-freed',
      'root-fits-the-context',
      'cached-root-is-found',
      'both-mmus-hold-roots',
    ],
  }),
  scenario({
    id: 'roots-without-page',
    title: 'a vCPU with a PAE root while one of the pages that the root points to is zapped',
    about:
      'A root without a shadow page cannot be tested for being obsolete: it is dropped on every request, and a fault below it is stale while a request is pending. Two page directories per address space, one of them shared.',
    bounds: {
      roots: { pae: 2 },
      shadow: { pages: 4 },
      guest: { gfns: 4, pgds: 2, gvas: 2, cr3Loads: 2 },
      host: { pfns: 4 },
      zap: { threads: 1, pages: 1 },
    },
    start: { tables: [[3], [3], [3]] },
    properties: [
      ...ROOTS,
      ...ZAPPED_ROOTS,
      ...FAULTS,
      'root-fits-the-context',
      'no-null-pointer',
      'valid-pages-dropped-with-a-pae-root',
    ],
  }),
]
