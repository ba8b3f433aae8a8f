import { insert, replace } from '../../language/patch.ts'
import { step } from '../../language/program.ts'
import {
  type AccessRule,
  childAccess,
  pt_access_write,
  pte_access_write,
} from '../../machines/fault/access.ts'
import { testChild } from '../../machines/fault/fetch.ts'
import { fault_spte } from '../../memory/fault/fault.ts'
import type { Kvm } from '../../memory/kvm.ts'
import { boundsOf } from '../../scenarios/build-scenario.ts'
import { HUGE_PAGE_MAPPED_TWICE, TABLE_BELOW_LESS_ACCESS } from '../../scenarios/fault/access.ts'
import type { Design } from '../design.ts'
import { notReached, vacuous, violated, violatedBecause } from '../expectation.ts'

/**
 * Which access goes into the role of a shadow page (bug-catalogue.md C7, C8)? Links between shadow pages carry
 * all permissions and only leaves are restricted, so that a page may be found again only where the same is
 * allowed above it.
 */

const SHARED = 'table-below-less-access'
const TWICE = 'huge-page-mapped-twice'
const SHARED_BY_TWO = 'table-below-less-access-two-vcpus'
const TWICE_BY_TWO = 'huge-page-mapped-twice-two-vcpus'
const inSharedTable = boundsOf(TABLE_BELOW_LESS_ACCESS)
const inHugePage = boundsOf(HUGE_PAGE_MAPPED_TWICE)

/** Every table on the way gets what the entries above the last one allow. */
const ofTheLastEntry: AccessRule = (kvm, v, _level, direct, bounds) =>
  direct ? pte_access_write(kvm, v) : pt_access_write(kvm, v, 1, bounds)

/** A direct page gets what the entries above the huge one allow. */
const aboveTheHugeEntry: AccessRule = (kvm, v, level, _direct, bounds) =>
  pt_access_write(kvm, v, level + 1, bounds)

/** Before 2026 a child that is linked was followed whatever its role. */
const linkedChildUntested = (bounds: typeof inHugePage) =>
  replace<Kvm>('GET.1 test', testChild(bounds, { gfn: true, role: false }))

const UNREFUSED = ['no-store-that-the-guest-forbids', 'hardware-allows-no-more-than-the-guest']

const NOT_SPLIT = notReached(
  'A witness of what these designs leave out of the role.',
  TWICE,
  'table-is-shadowed-with-two-accesses',
)

export const accessDesigns: readonly Design<Kvm>[] = [
  {
    id: 'role-access-of-the-last-entry',
    aliases: ['C7'],
    title: '..v5.12: all tables on the way are keyed by what the last non-leaf entry allows',
    status: 'bug',
    kernel: { version: '..v5.12', function: 'paging64_fetch' },
    about:
      'CVE-2021-38198. Reading through pmd1, which forbids writing, files the shadow of the whole PMD table under "no write"; a write through pmd2 then follows the link and maps a writable leaf in it; pud2, which forbids writing, finds that page. Fixed by b1bd5cba3306. As then, a child that is linked is not tested.',
    scenarios: [SHARED],
    patches: [
      replace('FETCH.3', childAccess(inSharedTable, ofTheLastEntry)),
      linkedChildUntested(inSharedTable),
    ],
    expect: violated(SHARED, ...UNREFUSED),
  },
  {
    id: 'role-access-of-the-last-entry-tested',
    aliases: [],
    title: 'as role-access-of-the-last-entry, with the role of a linked child tested',
    status: 'control',
    kernel: { version: 'never merged', function: 'paging64_fetch' },
    about:
      'What 81ccda30b4e8 (2026) would have made of CVE-2021-38198: nothing is granted that should not be, since a PMD page that was built for other access is unlinked. But each use of pmd1 and pmd2 unlinks the page that the other needs, and two vCPUs can do so for ever.',
    scenarios: [SHARED, SHARED_BY_TWO],
    patches: [replace('FETCH.3', childAccess(inSharedTable, ofTheLastEntry))],
    expect: violated(SHARED_BY_TWO, 'every-access-finishes'),
  },
  {
    id: 'role-access-without-the-huge-entry',
    aliases: ['C8', '5fd5387c89ec'],
    title: '..v2.6.34: a direct page is keyed by what the entries above the huge one allow',
    status: 'bug',
    kernel: { version: '..v2.6.34', function: 'paging64_fetch' },
    about:
      'Both PDEs find the same direct page. A read through the one that may not write takes the write permission from the SPTE, and the next write through the other faults again. Once only: the second PDE is linked by then and faults no more, so two vCPUs that alternate do not fault for ever, as the catalogue has it. (That takes two rights of which each entry has one, or an SPTE that a fault leaves as it is: present-leaf-kept-without-access-in-role.) Fixed by 5fd5387c89ec.',
    scenarios: [TWICE, TWICE_BY_TWO],
    patches: [replace('FETCH.3', childAccess(inHugePage, aboveTheHugeEntry))],
    expect: [
      ...violated(TWICE, 'no-access-taken-by-a-fault'),
      ...NOT_SPLIT,
      ...UNREFUSED.map((property) =>
        violatedBecause(
          TWICE,
          property,
          'The catalogue lists lost precision only. The shared SPTE is writable again after a write through the first PDE, and links carry all permissions: a write through the second goes through.',
        ),
      ),
    ],
  },
  {
    id: 'role-access-of-a-linked-child-untested',
    aliases: ['9e7b0e7fba45'],
    title: 'until 2010: a direct page that is linked is followed, whatever access it was built for',
    status: 'bug',
    kernel: { version: 'until 2010', function: 'paging64_fetch' },
    about:
      'A huge entry that is clean is read: it gets a direct page without write access. The first write sets the D bit and follows the link to that page, maps its SPTE writable, and whoever really may not write shares it. Fixed by 9e7b0e7fba45, now validate_direct_spte().',
    scenarios: [TWICE],
    patches: [linkedChildUntested(inHugePage)],
    expect: violated(TWICE, ...UNREFUSED, 'no-access-taken-by-a-fault'),
  },
  {
    id: 'present-leaf-kept-without-access-in-role',
    aliases: ['C8-loop', 'd28c6cfbbc5e'],
    title: 'until 2007: direct pages are keyed without access, and an SPTE that is present stays as it is',
    status: 'bug',
    kernel: { version: 'until 2007', function: 'paging64_fetch' },
    about:
      'Read through the PDE that may not write, then write through the one that may: the fault finds the SPTE present and returns, the guest faults again. Fixed by d28c6cfbbc5e, which made the access part of the key.',
    scenarios: [TWICE, TWICE_BY_TWO],
    patches: [
      replace('FETCH.3', childAccess(inHugePage, aboveTheHugeEntry)),
      insert({ before: 'SET.4' }, presentLeafStays()),
    ],
    expect: [
      ...violated(TWICE, 'no-fault-retried-for-ever', 'every-access-can-finish', ...UNREFUSED),
      ...violated(TWICE_BY_TWO, 'every-access-finishes', 'no-fault-retried-for-ever'),
      ...NOT_SPLIT,
      ...vacuous(
        'An SPTE that is present stays as it is: no fault stores over one.',
        TWICE,
        'no-access-taken-by-a-fault',
      ),
    ],
  },
]

/** `if (is_present_pte(*shadow_ent)) return shadow_ent`. */
function presentLeafStays() {
  const present = (kvm: Kvm, v: number): boolean => fault_spte(kvm, v, inHugePage).kind === 'leaf'
  return step<Kvm>(
    'SET.2 present',
    {
      fn: 'paging64_fetch',
      since: 'until 2007',
      shows: (kvm, v) => `is_present_pte(*shadow_ent) = ${present(kvm, v)}`,
    },
    [{ when: present, to: 'PF.15' }, {}],
  )
}
