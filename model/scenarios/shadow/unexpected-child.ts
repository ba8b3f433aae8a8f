import { mergeBounds } from '../../memory/bounds.ts'
import type { Kvm } from '../../memory/kvm.ts'
import { type Plan, scenario } from '../build-scenario.ts'
import type { Scenario } from '../scenario.ts'
import { RMAPS, ROOTS, TREES } from './page-properties.ts'

/** A fault below a huge guest page finds a linked child that no longer matches the guest entry. */
export const HUGE_PAGE_REMAPPED: Plan = {
  id: 'huge-page-remapped',
  aliases: ['13.1', 'CVE-2026-46113'],
  title: 'userspace changes a guest entry from one huge page to another without KVM noticing',
  about:
    'The vCPU faults in the first gfn of huge page A through a direct shadow page. Userspace changes the guest entry; the next fault, on the second gfn, finds the shadow page for A linked where one for B is needed. Then all pages are zapped.',
  bounds: {
    shadow: { pages: 3, levels: 2 },
    guest: { gfns: 5, gvas: 2, huge: true },
    host: { pfns: 5 },
    externalWriter: { stores: [{ table: 0, index: 0, to: 3, huge: true }], left: 1 },
    zap: { all: 1 },
  },
  start: { tables: [[{ huge: 1 }, null]] },
  properties: [
    ...ROOTS,
    ...TREES,
    ...RMAPS,
    'no-deadlock',
    'no-fault-retried-for-ever',
    'one-page-per-key',
    'no-flush-debt-at-unlock',
    'wrong-child-is-linked',
    'pte-list-remove-finds-its-entry',
    'mmu-spte-set-finds-no-present-spte',
    'kvm-mmu-page-set-translation-fits-a-direct-page',
  ],
}

/** The same, but the entry changes to a table at the first gfn of the huge page. */
export const HUGE_PAGE_TO_TABLE: Plan = {
  id: 'huge-page-to-table',
  aliases: ['13.2', 'CVE-2026-53359'],
  title: 'userspace changes a guest entry from a huge page to a table at its first gfn',
  about:
    'As huge-page-remapped, but the entry then points to a table at the first gfn of the huge page: the gfn of the linked page matches, its role does not.',
  bounds: mergeBounds(HUGE_PAGE_REMAPPED.bounds, {
    externalWriter: { stores: [{ table: 0, index: 0, to: 1, huge: false }] },
  }),
  start: {
    tables: [
      [{ huge: 1 }, null],
      [3, 4],
    ],
  },
  properties: HUGE_PAGE_REMAPPED.properties,
}

/** Faults that find a linked child or a present SPTE that no longer matches the guest entry. */
export const unexpectedChildScenarios: readonly Scenario<Kvm>[] = [
  scenario(HUGE_PAGE_REMAPPED),
  scenario({
    ...HUGE_PAGE_REMAPPED,
    id: 'huge-page-remapped-notifier',
    aliases: [],
    title: 'as huge-page-remapped, and the host takes away a page of the second huge page',
    about:
      'As huge-page-remapped, with a notifier that walks the rmap on which a stale entry may have been left: the use after free of CVE-2026-46113.',
    bounds: mergeBounds(HUGE_PAGE_REMAPPED.bounds, {
      host: { pfns: 6 },
      notifier: { threads: 1, invalidations: 1, of: [4] },
    }),
    properties: ['no-use-after-free', ...RMAPS, 'no-fault-retried-for-ever', 'no-deadlock'],
  }),
  scenario(HUGE_PAGE_TO_TABLE),
  scenario({
    id: 'mapped-to-mmio',
    aliases: ['CVE-2026-23401'],
    title: 'userspace changes a guest entry from memory to MMIO without KVM noticing',
    about:
      'The vCPU has the gfn mapped read-only. Userspace points the guest entry to a gfn without memslot; the next write fault must replace a present SPTE by an MMIO SPTE.',
    bounds: {
      shadow: { pages: 2 },
      guest: { gfns: 3, mmioGfns: 1, dataWrites: true },
      host: { pfns: 3 },
      externalWriter: { stores: [{ table: 0, index: 0, to: 2, huge: false }], left: 1 },
      zap: { threads: 1, pages: 1 },
      notifier: { threads: 1, invalidations: 1, of: [1] },
    },
    start: { tables: [[1]] },
    properties: [
      ...ROOTS,
      ...RMAPS,
      'no-deadlock',
      'no-fault-retried-for-ever',
      'mapped-entry-becomes-mmio',
      'mmu-spte-set-finds-no-present-spte',
      'rmap-add-finds-no-entry',
    ],
  }),
]
