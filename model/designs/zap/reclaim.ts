import { drop, move, only, replace } from '../../language/patch.ts'
import { childRole } from '../../machines/fault/fetch.ts'
import { pickVictim, reclaiming } from '../../machines/zap/make-pages-available.ts'
import { unlinkNestedChildren } from '../../machines/zap/zap-nested-children.ts'
import type { Kvm } from '../../memory/kvm.ts'
import { oldest_pages } from '../../memory/shadow/quota.ts'
import type { Design } from '../design.ts'
import { notReached, violated, violatedBecause } from '../expectation.ts'

/**
 * Shadow pages are reclaimed in the middle of a fault (shadow-mmu.md 13.3, 8.6). Three decisions make the
 * table of 13.3: is the root tested before or after, does zapping a nested table stop at a root in use, and
 * does a child inherit `invalid`? Upstream since v7.2: after, yes, it does.
 */

const RECLAIM = 'reclaim-under-fault'
const ZAPPED = 'root-zapped-under-fault'

/** What has lost its last parent is zapped although it is somebody's root (..v7.1). */
const rootsNotSpared = only<Kvm>(
  'vcpu',
  replace(
    'ZAP.2',
    unlinkNestedChildren(reclaiming, () => true),
  ),
)
const checkFirst = move<Kvm>('PF.12', { before: 'PF.13' })
const roleFromVcpu = replace<Kvm>(
  'GET.2',
  childRole(() => false),
)

const NOT_TESTED = notReached(
  'A witness of the step that these designs do without.',
  ZAPPED,
  'stale-fault-is-retried',
)

export const reclaimDesigns: readonly Design<Kvm>[] = [
  {
    id: 'root-tested-before-reclaim',
    aliases: ['B7', 'A13', '13.3-1'],
    title: 'v6.0..v7.1: the root is tested first, then pages are reclaimed, roots in use included',
    status: 'bug',
    kernel: { version: 'v6.0..v7.1', function: 'paging_page_fault' },
    about:
      'CVE-2026-64561. The reclaim zaps the root that the test has just passed; the child built below it inherits role.invalid, is never found again and never taken off its lists. Fixed twice: 2abd5287f083 tests after the reclaim, 7a2c70e777a0 spares roots.',
    scenarios: [RECLAIM],
    patches: [checkFirst, rootsNotSpared],
    expect: [
      ...violated(RECLAIM, 'page-on-one-list', 'freed-page-is-unreferenced', 'no-use-after-free'),
      ...violated(RECLAIM, 'no-leaf-below-an-obsolete-root', 'no-link-to-a-dead-page'),
      ...violated(RECLAIM, 'shadowed-tables-are-counted', 'reclaim-spares-roots'),
      violatedBecause(
        RECLAIM,
        'every-access-can-finish',
        'A vCPU that has followed a pointer into freed memory does not go on.',
      ),
    ],
  },
  {
    id: 'root-tested-before-reclaim-role-from-vcpu',
    aliases: ['13.3-2'],
    title: 'the same, but a child does not inherit role.invalid',
    status: 'control',
    kernel: { version: '..v5.19', function: 'kvm_mmu_get_page' },
    about:
      'As long as roles came from the vCPU the fault only worked in vain below a dead root, and lost the root for nothing.',
    scenarios: [RECLAIM],
    patches: [checkFirst, rootsNotSpared, roleFromVcpu],
    expect: violated(RECLAIM, 'reclaim-spares-roots'),
  },
  {
    id: 'roots-in-use-reclaimed',
    aliases: ['13.3-3'],
    title: '2abd5287f083 alone: the root is tested after the reclaim, which may zap it',
    status: 'before',
    kernel: { commit: '2abd5287f083', version: 'v7.2-rc5', function: 'paging_page_fault' },
    about: 'Safe: the fault is retried with a new root. The root in use is lost for nothing.',
    scenarios: [RECLAIM],
    patches: [rootsNotSpared],
    expect: violated(RECLAIM, 'reclaim-spares-roots'),
  },
  {
    id: 'roots-spared-tested-before-reclaim',
    aliases: ['13.3-4'],
    title: '7a2c70e777a0 alone: the root is tested before the reclaim, which spares roots',
    status: 'control',
    kernel: { commit: '7a2c70e777a0', version: 'v7.2', function: 'mmu_page_zap_pte' },
    about: 'Safe and precise: nothing that the test looks at changes between test and use.',
    scenarios: [RECLAIM],
    patches: [checkFirst],
    expect: [],
  },
  {
    id: 'root-not-tested-role-from-parent',
    aliases: ['B6-parent'],
    title: 'no stale check, and a child inherits role.invalid',
    status: 'candidate',
    kernel: { version: 'never merged', function: 'is_page_fault_stale' },
    about:
      'What the stale check is for since roles come from the parent (2e65e842c57d, v6.0): a child of a zapped root is born invalid, on the active list.',
    scenarios: [ZAPPED],
    patches: [drop('PF.12')],
    expect: [
      ...violated(ZAPPED, 'page-on-one-list', 'shadowed-tables-are-counted'),
      ...violated(ZAPPED, 'no-leaf-below-an-obsolete-root', 'no-link-to-a-dead-page'),
      ...NOT_TESTED,
    ],
  },
  {
    id: 'root-not-tested-role-from-vcpu',
    aliases: ['B6-vcpu'],
    title: '..v5.15: no stale check, and roles come from the vCPU',
    status: 'before',
    kernel: { version: '..v5.15', function: 'direct_page_fault' },
    about:
      'Below a zapped root the fault builds pages that are good, and are found again: wasted work at most.',
    scenarios: [ZAPPED],
    patches: [drop('PF.12'), roleFromVcpu],
    expect: NOT_TESTED,
  },
  {
    id: 'reclaim-without-exclusive-lock',
    aliases: ['A3'],
    title: 'v5.12..v6.0: a fault reclaims shadow pages without holding mmu_lock for write',
    status: 'bug',
    kernel: { commit: 'a2855afc7ee8', version: 'v5.12..v6.0', function: 'direct_page_fault' },
    about:
      'CVE-2022-45869. The TDP MMU handles faults under the read lock, and called make_mmu_pages_available() there: two vCPUs zap the same page. Fixed by 47b0c2e4c220 (v6.1). The read lock, which any number of vCPUs can hold, is no lock here.',
    scenarios: ['reclaim-two-vcpus'],
    patches: [move('PF.11', { after: 'PF.13' })],
    expect: violated('reclaim-two-vcpus', 'no-use-after-free', 'freed-page-is-unreferenced'),
  },
  {
    id: 'newest-pages-reclaimed',
    aliases: ['B30', '13.6'],
    title: 'v5.9, v5.10: the newest pages are reclaimed, not the oldest',
    status: 'bug',
    kernel: { commit: '6b82ef2c9cf1', version: 'v5.9..v5.10', function: 'kvm_mmu_zap_oldest_mmu_pages' },
    about:
      'The list was walked from its head. A fault zaps what the previous fault of the same instruction has built, for ever, while a page that nobody uses stays.',
    scenarios: ['reclaim-order'],
    patches: [
      replace(
        'MP.2',
        pickVictim((kvm) => oldest_pages(kvm).findLast((page) => kvm.page[page].root_count === 0) ?? null),
      ),
    ],
    expect: violated('reclaim-order', 'no-fault-retried-for-ever', 'every-access-can-finish'),
  },
]
