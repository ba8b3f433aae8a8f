import { type BoundsInput, mergeBounds } from '../../memory/bounds.ts'
import type { Kvm } from '../../memory/kvm.ts'
import { type Plan, scenario } from '../build-scenario.ts'
import type { Scenario } from '../scenario.ts'
import type { Start } from '../start.ts'

const UNPROTECT_PROPERTIES = [
  'no-needless-lock',
  'emulation-fails-only-when-shadowed-again',
  'shadowed-tables-are-counted',
  'synced-page-agrees',
  'tracked-table-is-not-writable',
  'parent-links-match',
  'no-link-to-a-dead-page',
  'page-on-one-list',
  'root-count-is-number-of-holders',
  'no-freed-root-in-use',
  'no-stale-root-used',
  'no-guest-on-a-root-after-its-request',
  'no-obsolete-root-kept',
  'no-use-after-free',
  'no-walk-of-a-freed-page',
  'no-flush-debt-at-unlock',
  'every-access-can-finish',
  'no-deadlock',
]

const HINT_WITNESSES = ['hint-misses-a-page-just-built', 'hint-promises-a-page-just-zapped']

/** Without reads: only the store to the table of the other vCPU matters. */
const TWO_ADDRESS_SPACES: BoundsInput = {
  vcpus: 2,
  shadow: { levels: 2, pages: 4 },
  guest: { gfns: 3, pgds: 2, reads: [] },
  host: { pfns: 3 },
}

/** vCPU 0 can write to gfn 1, the page directory of vCPU 1, through the table at gfn 2. */
const TWO_ROOTS: Start = {
  tables: [[2], [null], [1]],
  pages: [
    { gfn: 0, level: 2 },
    { gfn: 1, level: 2 },
  ],
  cr3: [0, 1],
}

/** On a direct MMU indirect_shadow_pages can be 0 when the store faults. */
export const RETRY_ON_A_DIRECT_MMU: Plan = {
  id: 'unprotect-retry',
  aliases: ['seed-000'],
  title:
    'a vCPU on a direct MMU writes to a page table of a nested guest with an instruction that KVM cannot emulate',
  about:
    'L1 (vCPU 0) runs on a direct MMU and writes to a page table of L2 (vCPU 1), which is write-protected because it is shadowed. The zapper also zaps shadow pages of that table, so indirect_shadow_pages can reach 0 between the fault and the read of it.',
  bounds: mergeBounds(TWO_ADDRESS_SPACES, {
    unprotect: { stores: [{ gva: 0, by: 0 }], left: 1 },
    shadow: { withoutGptes: [0, 2] },
    zap: { threads: 1, pages: 1 },
  }),
  start: TWO_ROOTS,
  properties: [...UNPROTECT_PROPERTIES, ...HINT_WITNESSES, 'emulation-failure-is-reported'],
}

/** The store hits an upper table of the address space that the vCPU runs in, of which the TLB holds another page. */
const UNPROTECT_BELOW_THE_ROOT: Plan = {
  id: 'unprotect-below-the-root',
  title:
    'a vCPU writes to an upper table of its own address space with an instruction that KVM cannot emulate',
  about:
    'The table at gfn 1 maps itself at address 0, through the table at gfn 2, which maps a page at address 1. To unprotect gfn 1 KVM zaps its shadow page, with all that is below: the TLB entry for address 1 must go as well.',
  bounds: {
    shadow: { levels: 3, pages: 5 },
    guest: { gfns: 4, gvas: 2, reads: [1] },
    host: { pfns: 4 },
    unprotect: { stores: [{ gva: 0, by: 0 }], left: 1 },
  },
  start: {
    tables: [
      [1, null],
      [2, null],
      [1, 3],
    ],
    pages: [{ gfn: 0, level: 3 }],
  },
  properties: [
    'no-flush-debt-at-unlock',
    'shadowed-tables-are-counted',
    'every-access-can-finish',
    'no-deadlock',
  ],
}

/** Scenarios of question seed-000: a store that KVM cannot emulate hits a table of another address space. */
export const unprotectScenarios: readonly Scenario<Kvm>[] = [
  scenario(RETRY_ON_A_DIRECT_MMU),
  scenario({
    id: 'unprotect-retry-indirect',
    title:
      'a vCPU under shadow paging writes to the page directory of another with an instruction that KVM cannot emulate',
    about:
      'Both vCPUs run on shadow pages of guest tables, so indirect_shadow_pages never becomes 0. The other vCPU loads its root again after it was zapped, which write-protects the gfn again: with a bounded number of retries that becomes an emulation failure. It can also leave that page directory, which then is no longer a root.',
    bounds: mergeBounds(TWO_ADDRESS_SPACES, {
      unprotect: { stores: [{ gva: 0, by: 0 }], left: 1 },
      guest: { cr3Loads: 1 },
    }),
    start: { ...TWO_ROOTS, cr3Loads: [0, 1] },
    properties: [...UNPROTECT_PROPERTIES, 'emulation-failure-is-reported'],
  }),
  scenario({
    id: 'unprotect-instead-of-emulating',
    title: 'a vCPU on a direct MMU writes data to a gfn that is shadowed as a page table of a nested guest',
    about:
      'KVM could emulate the instruction, but it does not look like one that writes page tables: the guest has probably freed and reused the page. KVM unprotects the gfn. If that frees a shadow page, because the other vCPU has left the page directory, the guest retries; if the page is a root in use, if there is none, or if the instruction was just retried, KVM emulates.',
    bounds: mergeBounds(TWO_ADDRESS_SPACES, {
      guest: { dataWrites: true, cr3Loads: 1 },
      unprotect: { stores: [{ gva: 0, by: 0 }] },
      shadow: { withoutGptes: [0, 2] },
    }),
    start: { ...TWO_ROOTS, cr3Loads: [0, 1] },
    properties: [
      ...UNPROTECT_PROPERTIES.filter((id) => id !== 'emulation-fails-only-when-shadowed-again'),
      'table-is-unprotected-for-a-data-write',
      'zapped-root-in-use-is-emulated',
    ],
  }),
  scenario(UNPROTECT_BELOW_THE_ROOT),
]
