import { move, only, type Patch, replace } from '../../language/patch.ts'
import { inheritInvalid } from '../../machines/fault/fetch.ts'
import { reclaiming } from '../../machines/zap/make-pages-available.ts'
import { unlinkNestedChildren } from '../../machines/zap/zap-nested-children.ts'
import type { Kvm } from '../../memory/kvm.ts'
import type { Difference } from '../difference.ts'

/** A page that has lost its last parent is zapped even if it is a root in use. */
export const rootsNotSpared: Patch<Kvm> = only(
  'vcpu',
  replace(
    'ZAP.2',
    unlinkNestedChildren(reclaiming, () => true),
  ),
)

/** PF.12 before PF.13. */
export const rootTestedFirst: Patch<Kvm> = move('PF.12', { before: 'PF.13' })

/** A child copies role.invalid from its parent as well. */
export const invalidInherited: Patch<Kvm> = replace('GET.2', inheritInvalid())

/** Three fixes of 2026 for roots that are reclaimed under a fault. */
export const reclaimDifferences: readonly Difference[] = [
  {
    id: 'root-tested-after-reclaim',
    title: 'test the root after making pages available, not before',
    since: 'v7.2',
    backports: ['v6.1.192', 'v6.12.117'],
    commit: '2abd5287f083',
    function: 'paging64_page_fault',
    about: 'CVE-2026-64561: root-tested-before-reclaim.',
    before: () => [rootTestedFirst],
  },
  {
    id: 'reclaim-spares-roots-in-use',
    title: 'do not zap a nested root in use that has lost its last parent',
    since: 'v7.2',
    backports: ['v6.1.192', 'v6.12.117'],
    commit: '7a2c70e777a0',
    function: 'mmu_page_zap_pte',
    about: 'roots-in-use-reclaimed.',
    before: () => [rootsNotSpared],
  },
  {
    id: 'child-of-an-invalid-parent-is-valid',
    title: 'clear role.invalid in the role of a child, with a warning',
    since: 'v7.2',
    backports: ['v6.1.192', 'v6.12.117'],
    function: 'kvm_mmu_child_role',
    about:
      'Since v6.0 (2e65e842c57d) a child copies role.invalid from its parent: root-not-tested-role-from-parent.',
    before: () => [invalidInherited],
  },
]
