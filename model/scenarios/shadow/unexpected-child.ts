import { mergeBounds } from '../../memory/bounds.ts'
import type { Kvm } from '../../memory/kvm.ts'
import { type Plan, scenario } from '../build-scenario.ts'
import type { Scenario } from '../scenario.ts'
import { RMAPS, ROOTS, TREES } from './page-properties.ts'

/** A fault below a huge guest page finds a child linked that the guest no longer asks for. */
export const HUGE_PAGE_REMAPPED: Plan = {
  id: 'huge-page-remapped',
  aliases: ['13.1', 'CVE-2026-46113'],
  title: 'userspace changes a guest entry from one huge page to another, behind the back of KVM',
  about:
    'The vCPU faults in the first frame of huge page A through a direct shadow page. Somebody writes the entry without KVM seeing it; the next fault, on the second frame, finds the page for A linked where one for B is wanted. Then all pages are zapped. Section 13.1 of the domain reference.',
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
    'wrong-child-is-linked',
  ],
}

/** The same, and what becomes of the entry is a table at the frame where the huge page began. */
export const HUGE_PAGE_TO_TABLE: Plan = {
  id: 'huge-page-to-table',
  aliases: ['13.2', 'CVE-2026-53359'],
  title: 'userspace changes a guest entry from a huge page to a table in its first frame',
  about:
    'As huge-page-remapped, but the entry names a table afterwards, in the frame that the huge page began with: the frame of the linked page is right, its role is not. Section 13.2.',
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

/** Faults that find a child linked, or an SPTE present, which the guest no longer asks for. */
export const unexpectedChildScenarios: readonly Scenario<Kvm>[] = [
  scenario(HUGE_PAGE_REMAPPED),
  scenario({
    ...HUGE_PAGE_REMAPPED,
    id: 'huge-page-remapped-notifier',
    aliases: [],
    title: 'the same, and the host takes away a page of the second huge page',
    about:
      'As huge-page-remapped, with a notifier that walks the rmap on which an entry may have been left behind: the ending of section 13.1.',
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
    title: 'userspace changes a guest entry from memory to MMIO, behind the back of KVM',
    about:
      'The vCPU has the frame mapped read-only. Somebody points the guest entry at a frame without memslot; the next write fault stores an MMIO SPTE over a present one.',
    bounds: {
      shadow: { pages: 2 },
      guest: { gfns: 3, mmioGfns: 1, dataWrites: true },
      host: { pfns: 3 },
      externalWriter: { stores: [{ table: 0, index: 0, to: 2, huge: false }], left: 1 },
      zap: { threads: 1, pages: 1 },
      notifier: { threads: 1, invalidations: 1, of: [1] },
    },
    start: { tables: [[1]] },
    properties: [...ROOTS, ...RMAPS, 'no-deadlock', 'no-fault-retried-for-ever', 'mapped-entry-becomes-mmio'],
  }),
]
