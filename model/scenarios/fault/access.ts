import { mergeBounds } from '../../memory/bounds.ts'
import type { Kvm } from '../../memory/kvm.ts'
import { type Plan, scenario } from '../build-scenario.ts'
import type { Scenario } from '../scenario.ts'
import { LISTS, RMAPS, TREES } from '../shadow/page-properties.ts'

const ACCESS_PROPERTIES = [
  'no-store-that-the-guest-forbids',
  'hardware-allows-no-more-than-the-guest',
  'no-access-taken-by-a-fault',
  'one-page-per-key',
  'no-fault-retried-for-ever',
  'every-access-can-finish',
  'no-flush-debt-at-unlock',
  ...LISTS,
  ...TREES,
  ...RMAPS,
  'no-use-after-free',
  'no-deadlock',
]

const TWO_VCPUS = ['every-access-finishes', 'no-fault-retried-for-ever', 'no-deadlock']

export const TABLE_BELOW_LESS_ACCESS: Plan = {
  id: 'table-below-less-access',
  aliases: ['CVE-2021-38198'],
  title: 'two PUD entries share a PMD table, and one of them is read-only',
  about:
    'The example of b1bd5cba3306: pud1 is writable, pud2 is read-only; in the PMD table that they share, pmd1 is read-only and pmd2 is writable. Addresses 0 and 2 go through pud1, 4 and 6 through pud2. The guest reads 0 and 4 and writes to 2 and 6; only the write to 2 is allowed.',
  bounds: {
    shadow: { levels: 3, pages: 6, accessRoles: true },
    guest: { gfns: 6, gvas: 8, reads: [0, 4], dataWrites: true, writes: [2, 6] },
    host: { pfns: 6 },
  },
  start: {
    tables: [
      [1, { to: 1, readOnly: true }],
      [{ to: 2, readOnly: true }, 3],
      [4, null],
      [5, null],
    ],
    pages: [{ gfn: 0, level: 3 }],
  },
  properties: [...ACCESS_PROPERTIES, 'table-is-shadowed-with-two-accesses'],
}

export const HUGE_PAGE_MAPPED_TWICE: Plan = {
  id: 'huge-page-mapped-twice',
  title: 'two PDEs map the same huge page, one of them read-only',
  about:
    'The example of 5fd5387c89ec: address 0 goes through the writable PDE, address 2 through the read-only one. Both need a direct page for the same gfns. The guest reads and writes through both.',
  bounds: {
    shadow: { levels: 2, pages: 3, accessRoles: true },
    guest: { gfns: 3, gvas: 4, reads: [0, 2], dataWrites: true, writes: [0, 2], huge: true },
    host: { pfns: 3 },
  },
  start: {
    tables: [[{ huge: 1 }, { huge: 1, readOnly: true }]],
    pages: [{ gfn: 0, level: 2 }],
  },
  properties: [...ACCESS_PROPERTIES, 'table-is-shadowed-with-two-accesses'],
}

/** A direct page is replaced because the guest's entry for a huge page has become dirty. */
export const HUGE_PAGE_BECOMES_DIRTY: Plan = {
  id: 'huge-page-becomes-dirty',
  title: 'the guest reads two pages of a huge page, and then writes to one of them',
  about:
    'The clean PDE is shadowed by a read-only direct page, through which the TLB caches both pages. The write sets D in the PDE, so that a writable direct page takes the place of the first: validate_direct_spte() drops that one, and must flush, because the TLB still holds the page that is not written.',
  bounds: {
    shadow: { levels: 2, pages: 3, accessRoles: true },
    guest: { gfns: 3, gvas: 2, reads: [0, 1], dataWrites: true, writes: [0], huge: true },
    host: { pfns: 3 },
  },
  start: { tables: [[{ huge: 1 }, null]], pages: [{ gfn: 0, level: 2 }] },
  properties: ACCESS_PROPERTIES.filter((id) => id !== 'no-access-taken-by-a-fault'),
}

/** Scenarios in which the same guest memory is mapped with different access. */
export const accessScenarios: readonly Scenario<Kvm>[] = [
  scenario(HUGE_PAGE_BECOMES_DIRTY),
  scenario(TABLE_BELOW_LESS_ACCESS),
  scenario({
    ...TABLE_BELOW_LESS_ACCESS,
    id: 'table-below-less-access-two-vcpus',
    aliases: [],
    title: 'two vCPUs use a read-only and a writable entry of one PMD table',
    about:
      'As table-below-less-access, through pud1 only: address 0 is read, address 2 is written. Does each vCPU make progress?',
    bounds: mergeBounds(TABLE_BELOW_LESS_ACCESS.bounds, { vcpus: 2, guest: { reads: [0], writes: [2] } }),
    properties: TWO_VCPUS,
  }),
  scenario({
    id: 'cr0-wp',
    title: "the guest's kernel clears CR0.WP, writes to a read-only page, and sets CR0.WP again",
    about:
      'While CR0.WP is clear, KVM maps the page writable although its PTE is not. CR0.WP is part of the role, and a change drops all roots, so that these SPTEs are in pages that are used with CR0.WP clear only.',
    bounds: {
      shadow: { pages: 3, accessRoles: true },
      guest: { gfns: 2, gvas: 1, dataWrites: true, wpToggles: 3 },
      host: { pfns: 2 },
      roots: { prev: 1 },
    },
    start: { tables: [[{ to: 1, readOnly: true }]] },
    properties: [
      'no-store-that-the-guest-forbids',
      'hardware-allows-no-more-than-the-guest',
      'one-page-per-key',
      'root-fits-the-context',
      'no-fault-retried-for-ever',
      'every-access-can-finish',
      ...LISTS,
      ...RMAPS,
      'no-use-after-free',
      'no-deadlock',
      'kvm-mmu-unload-leaves-no-root',
      'table-is-shadowed-for-both-values-of-cr0-wp',
    ],
  }),
  scenario(HUGE_PAGE_MAPPED_TWICE),
  scenario({
    ...HUGE_PAGE_MAPPED_TWICE,
    id: 'huge-page-mapped-twice-two-vcpus',
    title: 'two vCPUs use a huge page that a writable and a read-only PDE map',
    about:
      'As huge-page-mapped-twice, with reads through the read-only PDE and writes through the other. Does each vCPU make progress?',
    bounds: mergeBounds(HUGE_PAGE_MAPPED_TWICE.bounds, { vcpus: 2, guest: { reads: [2], writes: [0] } }),
    properties: TWO_VCPUS,
  }),
]
