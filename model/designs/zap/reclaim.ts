import {
  invalidInherited,
  rootsNotSpared,
  rootTestedFirst,
} from '../../kernels/zap/root-tested-after-reclaim.ts'
import { drop, move, replace } from '../../language/patch.ts'
import { pickVictim } from '../../machines/zap/make-pages-available.ts'
import type { Kvm } from '../../memory/kvm.ts'
import { oldest_pages } from '../../memory/shadow/quota.ts'
import type { Design } from '../design.ts'
import { notReached, violated, violatedBecause } from '../expectation.ts'

/**
 * Shadow pages are reclaimed in the middle of a fault. Three choices matter: is the root tested before or after
 * the reclaim, does zapping nested tables spare roots in use, and does a child inherit role.invalid from its
 * parent? Upstream since v7.2: after, yes, yes. 13.3-1 to 13.3-4 are combinations of them.
 */

const RECLAIM = 'reclaim-under-fault'
const ZAPPED = 'root-zapped-under-fault'

const NOT_TESTED = notReached('These designs do not have the stale check.', ZAPPED, 'stale-fault-is-retried')

export const reclaimDesigns: readonly Design<Kvm>[] = [
  {
    id: 'root-tested-before-reclaim',
    aliases: ['B7', 'A13', '13.3-1'],
    title: 'v6.0..v7.1: test the root before reclaiming pages, which may zap roots in use',
    status: 'bug',
    kernel: { version: 'v6.0..v7.1', function: 'paging_page_fault' },
    about:
      'CVE-2026-64561. Reclaim zaps the root that has just passed the test; the child built below it inherits role.invalid, is never found again and never removed from its lists. Fixed twice: 2abd5287f083 tests after the reclaim, 7a2c70e777a0 spares roots.',
    scenarios: [RECLAIM],
    patches: [rootTestedFirst, rootsNotSpared, invalidInherited],
    expect: [
      ...violated(RECLAIM, 'page-on-one-list', 'freed-page-is-unreferenced', 'no-use-after-free'),
      ...violated(RECLAIM, 'no-leaf-below-an-obsolete-root', 'no-link-to-a-dead-page'),
      ...violated(RECLAIM, 'shadowed-tables-are-counted', 'reclaim-spares-roots'),
      violatedBecause(
        RECLAIM,
        'every-access-can-finish',
        'A vCPU that follows a pointer into freed memory does not continue.',
      ),
    ],
  },
  {
    id: 'root-tested-before-reclaim-role-from-vcpu',
    aliases: ['13.3-2'],
    title: '..v5.19: as root-tested-before-reclaim, but a child does not inherit role.invalid',
    status: 'control',
    kernel: { version: '..v5.19', function: 'kvm_mmu_get_page' },
    about:
      'While the role of a child came from the vCPU, the fault only did useless work below a zapped root, and lost the root needlessly.',
    scenarios: [RECLAIM],
    patches: [rootTestedFirst, rootsNotSpared],
    expect: violated(RECLAIM, 'reclaim-spares-roots'),
  },
  {
    id: 'roots-in-use-reclaimed',
    aliases: ['13.3-3'],
    title: '2abd5287f083 alone: test the root after the reclaim, which may zap it',
    status: 'before',
    kernel: { commit: '2abd5287f083', version: 'v7.2-rc5', function: 'paging_page_fault' },
    about: 'Safe: the fault is retried with a new root, but the root in use is lost needlessly.',
    scenarios: [RECLAIM],
    patches: [rootsNotSpared],
    expect: violated(RECLAIM, 'reclaim-spares-roots'),
  },
  {
    id: 'roots-spared-tested-before-reclaim',
    aliases: ['13.3-4'],
    title: '7a2c70e777a0 alone: test the root before the reclaim, which spares roots',
    status: 'control',
    kernel: { commit: '7a2c70e777a0', version: 'v7.2', function: 'mmu_page_zap_pte' },
    about: 'Safe and precise: nothing that the test depends on changes before the fault uses the root.',
    scenarios: [RECLAIM],
    patches: [rootTestedFirst],
    expect: [],
  },
  {
    id: 'root-not-tested-role-from-parent',
    aliases: ['B6-parent'],
    title: 'drop the stale check, with children that inherit role.invalid',
    status: 'candidate',
    kernel: { version: 'never merged', function: 'is_page_fault_stale' },
    about:
      'Why the stale check is needed since roles come from the parent (2e65e842c57d, v6.0): a child of a zapped root is created invalid, on active_mmu_pages. The stable kernel 5.10.y shipped it in June 2026, without a955cad84cda.',
    scenarios: [ZAPPED],
    patches: [drop('PF.12'), invalidInherited],
    expect: [
      ...violated(ZAPPED, 'page-on-one-list', 'shadowed-tables-are-counted', 'freed-page-is-unreferenced'),
      ...violated(ZAPPED, 'no-leaf-below-an-obsolete-root', 'no-link-to-a-dead-page'),
      ...violated(ZAPPED, 'kvm-mmu-child-role-has-a-valid-parent'),
      ...NOT_TESTED,
    ],
  },
  {
    id: 'root-not-tested-role-from-vcpu',
    aliases: ['B6-vcpu'],
    title: '..v5.15: no stale check, with roles that come from the vCPU',
    status: 'before',
    kernel: { version: '..v5.15', function: 'direct_page_fault' },
    about:
      'The pages that the fault builds below a zapped root are valid and are found again: wasted work at most.',
    scenarios: [ZAPPED],
    patches: [drop('PF.12')],
    expect: [...NOT_TESTED, ...violated(ZAPPED, 'kvm-mmu-child-role-has-a-valid-parent')],
  },
  {
    id: 'reclaim-without-exclusive-lock',
    aliases: ['A3'],
    title: 'v5.12..v6.0: reclaim shadow pages in a fault without holding mmu_lock for write',
    status: 'bug',
    kernel: { commit: 'a2855afc7ee8', version: 'v5.12..v6.0', function: 'direct_page_fault' },
    about:
      'CVE-2022-45869. The TDP MMU handles faults with mmu_lock held for read, and called make_mmu_pages_available() there: two vCPUs zap the same page. Fixed by 47b0c2e4c220 (v6.1). Since any number of vCPUs can hold the read lock, it is modelled as no lock.',
    scenarios: ['reclaim-two-vcpus'],
    patches: [move('PF.11', { after: 'PF.13' })],
    expect: [
      ...violated('reclaim-two-vcpus', 'no-use-after-free', 'freed-page-is-unreferenced'),
      violatedBecause(
        'reclaim-two-vcpus',
        'shadowed-tables-are-counted',
        'Already in the middle of one zap: the table is unaccounted before its page is marked invalid, and no exclusive lock hides that.',
      ),
      violatedBecause(
        'reclaim-two-vcpus',
        'page-on-one-list',
        'Between zapping a page and freeing it, and no exclusive lock hides that either.',
      ),
    ],
  },
  {
    id: 'newest-pages-reclaimed',
    aliases: ['B30', '13.6'],
    title: 'as shipped in v5.9 and v5.10: reclaim the newest pages instead of the oldest',
    status: 'bug',
    kernel: { commit: '6b82ef2c9cf1', version: 'v5.9..v5.10', function: 'kvm_mmu_zap_oldest_mmu_pages' },
    about:
      'The list was walked from its head. Each fault of an instruction zaps what its previous fault has built, forever, while an unused page stays.',
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
