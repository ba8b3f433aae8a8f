import { drop, insert, replace } from '../../language/patch.ts'
import { type Step, step } from '../../language/program.ts'
import {
  type AccessRule,
  childAccess,
  pt_access_write,
  pte_access_write,
} from '../../machines/fault/access.ts'
import { testChild } from '../../machines/fault/fetch.ts'
import { fault_spte, target_gfn } from '../../memory/fault/fault.ts'
import type { Kvm } from '../../memory/kvm.ts'
import { boundsOf } from '../../scenarios/build-scenario.ts'
import { HUGE_PAGE_MAPPED_TWICE, TABLE_BELOW_LESS_ACCESS } from '../../scenarios/fault/access.ts'
import { READ_AND_WRITE_FAULT } from '../../scenarios/fault/concurrent-faults.ts'
import type { Design } from '../design.ts'
import { notReached, vacuous, violated, violatedBecause } from '../expectation.ts'

/**
 * Which access bits belong in the role of a shadow page? Non-leaf SPTEs grant everything and only leaf SPTEs are
 * restricted, so a shadow page may be shared only where the guest entries above it grant the same access.
 */

const SHARED = 'table-below-less-access'
const TWICE = 'huge-page-mapped-twice'
const READ_AND_WRITE = 'read-and-write-fault'
const SHARED_BY_TWO = 'table-below-less-access-two-vcpus'
const TWICE_BY_TWO = 'huge-page-mapped-twice-two-vcpus'
const inSharedTable = boundsOf(TABLE_BELOW_LESS_ACCESS)
const inOnePage = boundsOf(READ_AND_WRITE_FAULT)
const inHugePage = boundsOf(HUGE_PAGE_MAPPED_TWICE)

/** Every table on the walk gets the access of the last non-leaf entry. */
const ofTheLastEntry: AccessRule = (kvm, v, _level, direct, bounds) =>
  direct ? pte_access_write(kvm, v, bounds) : pt_access_write(kvm, v, 1, bounds)

/** A direct page gets the access of the entries above the huge one. */
const aboveTheHugeEntry: AccessRule = (kvm, v, level, _direct, bounds) =>
  pt_access_write(kvm, v, level + 1, bounds)

/** Before 81ccda30b4e8 (2026) a present non-leaf SPTE was followed whatever the role of its child. */
const linkedChildUntested = (bounds: typeof inHugePage) =>
  replace<Kvm>('GET.1 test', testChild(bounds, { gfn: true, role: false }))

const FORBIDDEN_WRITES = ['no-store-that-the-guest-forbids', 'hardware-allows-no-more-than-the-guest']

const NOT_SPLIT = notReached(
  'These designs leave out the role bit that this witness shows.',
  TWICE,
  'table-is-shadowed-with-two-accesses',
)

export const accessDesigns: readonly Design<Kvm>[] = [
  {
    id: 'read-fault-write-protects-without-flush',
    aliases: ['1a175082b190'],
    title: 'store a read-only SPTE over a writable one in a read fault, without a flush',
    status: 'bug',
    kernel: { commit: '1a175082b190', version: 'fixed by the commit', function: 'mmu_set_spte' },
    about:
      'Two vCPUs fault on one gfn, one for a read and one for a write. The write maps the page writable first; the read then stores the read-only SPTE that it has made, and the writer keeps its writable translation.',
    scenarios: [READ_AND_WRITE],
    patches: [replace('SET.4', storeReadOnly())],
    expect: violated(READ_AND_WRITE, 'no-flush-debt-at-unlock'),
  },
  {
    id: 'role-access-of-the-last-entry',
    aliases: ['C7'],
    title: '..v5.12: key all shadow pages of a walk by the access of the last non-leaf entry',
    status: 'bug',
    kernel: { version: '..v5.12', function: 'paging64_fetch' },
    about:
      'CVE-2021-38198. A read through pmd1, which is read-only, gives the shadow page of the whole PMD table a read-only role; a write through pmd2 then follows the non-leaf SPTE and installs a writable leaf below it; pud2, which is read-only, finds that page. Fixed by b1bd5cba3306. As at the time, the role of a present child is not checked.',
    scenarios: [SHARED],
    patches: [
      replace('FETCH.3', childAccess(inSharedTable, ofTheLastEntry)),
      linkedChildUntested(inSharedTable),
    ],
    expect: violated(SHARED, ...FORBIDDEN_WRITES),
  },
  {
    id: 'role-access-of-the-last-entry-tested',
    aliases: [],
    title: 'as role-access-of-the-last-entry, but check the role of a present child',
    status: 'control',
    kernel: { version: 'never merged', function: 'paging64_fetch' },
    about:
      'CVE-2021-38198 with the check of 81ccda30b4e8 (2026): no excess access is granted, because a child that was built for other access is unlinked. But each use of pmd1 and pmd2 unlinks the page that the other needs, and two vCPUs can do that forever.',
    scenarios: [SHARED, SHARED_BY_TWO],
    patches: [replace('FETCH.3', childAccess(inSharedTable, ofTheLastEntry))],
    expect: violated(SHARED_BY_TWO, 'every-access-finishes'),
  },
  {
    id: 'role-access-without-the-huge-entry',
    aliases: ['C8', '5fd5387c89ec'],
    title: '..v2.6.34: key a direct page by the access of the entries above the huge one',
    status: 'bug',
    kernel: { version: '..v2.6.34', function: 'paging64_fetch' },
    about:
      'Both PDEs find the same direct page. A read through the read-only PDE removes write permission from the SPTE, and the next write through the other PDE faults again. That happens once: the non-leaf SPTE of the read-only PDE is present by then and reads through it no longer fault, so two vCPUs that alternate do not fault forever. (That would need two permissions of which each PDE has one, or a fault that keeps a present SPTE: present-leaf-kept-without-access-in-role.) Fixed by 5fd5387c89ec.',
    scenarios: [TWICE, TWICE_BY_TWO],
    patches: [replace('FETCH.3', childAccess(inHugePage, aboveTheHugeEntry))],
    expect: [
      ...violated(TWICE, 'no-access-taken-by-a-fault'),
      ...NOT_SPLIT,
      ...FORBIDDEN_WRITES.map((property) =>
        violatedBecause(
          TWICE,
          property,
          'Not only a needless fault: the shared SPTE is writable after a write through the first PDE, and non-leaf SPTEs grant everything, so a write through the read-only PDE succeeds.',
        ),
      ),
    ],
  },
  {
    id: 'role-access-of-a-linked-child-untested',
    aliases: ['9e7b0e7fba45'],
    title: 'until 2010: follow a present non-leaf SPTE to a direct page, whatever access it was built for',
    status: 'bug',
    kernel: { version: 'until 2010', function: 'paging64_fetch' },
    about:
      'A read through a clean huge entry builds a direct page without write access. The first write sets the D bit, follows the non-leaf SPTE to that page and makes its leaf writable, although a read-only entry shares the page. Fixed by 9e7b0e7fba45, now validate_direct_spte().',
    scenarios: [TWICE],
    patches: [drop('GET.0'), linkedChildUntested(inHugePage)],
    expect: violated(TWICE, ...FORBIDDEN_WRITES, 'no-access-taken-by-a-fault'),
  },
  {
    id: 'present-leaf-kept-without-access-in-role',
    aliases: ['C8-loop', 'd28c6cfbbc5e'],
    title: 'until 2007: key direct pages without access, and keep a present SPTE as it is',
    status: 'bug',
    kernel: { version: '..v2.6.24', function: 'paging64_fetch' },
    about:
      'After a read through the read-only PDE, a write through the writable one faults, finds the SPTE present and returns, and the guest faults again. Fixed by d28c6cfbbc5e, which made the access part of the role.',
    scenarios: [TWICE, TWICE_BY_TWO],
    patches: [
      replace('FETCH.3', childAccess(inHugePage, aboveTheHugeEntry)),
      insert({ before: 'SET.4' }, presentLeafStays()),
    ],
    expect: [
      ...violated(TWICE, 'no-fault-retried-for-ever', 'every-access-can-finish', ...FORBIDDEN_WRITES),
      ...violated(TWICE_BY_TWO, 'every-access-finishes', 'no-fault-retried-for-ever'),
      ...NOT_SPLIT,
      ...vacuous('No fault overwrites a present SPTE.', TWICE, 'no-access-taken-by-a-fault'),
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
      since: '..v2.6.24',
      shows: (kvm, v) => `is_present_pte(*shadow_ent) = ${present(kvm, v)}`,
    },
    [{ when: present, to: 'PF.15' }, {}],
  )
}

/** SET.4 that stores what the access of this fault allows, whatever was there. */
function storeReadOnly(): Step<Kvm> {
  const rights = (kvm: Kvm, v: number): boolean => kvm.vcpu[v].guest === 'write'
  return step(
    'SET.4',
    {
      fn: 'mmu_set_spte',
      since: 'history',
      shows: (kvm, v) =>
        `spte[${target_gfn(kvm, v) - 1}] = pfn ${kvm.vcpu[v].fault.pfn}, ${rights(kvm, v) ? 'W' : 'R'}`,
    },
    {
      does: (kvm, v) => {
        const entry = fault_spte(kvm, v, inOnePage)
        entry.kind = 'leaf'
        entry.gfn = target_gfn(kvm, v)
        entry.pfn = kvm.vcpu[v].fault.pfn
        entry.gen = 0
        entry.w = rights(kvm, v)
        entry.mmuw = entry.w
      },
    },
  )
}
