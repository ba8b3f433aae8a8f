import { type Patch, replace } from '../../language/patch.ts'
import { type ChildTest, testChild } from '../../machines/fault/fetch.ts'
import type { Bounds } from '../../memory/bounds.ts'
import type { Kvm } from '../../memory/kvm.ts'
import type { Difference } from '../difference.ts'

/** GET.1 with a part of its test. */
export function testing(bounds: Bounds, tested: ChildTest): Patch<Kvm> {
  return replace('GET.1 test', testChild(bounds, tested))
}

/** What a linked child must fit before it is used (docs/kvm/known-bugs.md 13.2). */
export const linkedChildDifferences: readonly Difference[] = [
  {
    id: 'linked-child-tested-for-its-role',
    title: 'follow a present non-leaf SPTE only if its child has the wanted role',
    since: 'v7.2',
    backports: ['v6.1.192', 'v6.12.117'],
    commit: '81ccda30b4e8',
    function: 'kvm_mmu_get_child_sp',
    about: 'CVE-2026-53359: linked-child-tested-for-gfn-only.',
    before: (bounds) => [testing(bounds, { gfn: true, role: false })],
  },
  {
    id: 'linked-child-tested-for-its-gfn',
    title: 'follow a present non-leaf SPTE only if its child is for the wanted frame',
    since: 'v7.1',
    backports: ['v6.1.192', 'v6.12.117'],
    commit: '0cb2af2ea66a',
    function: 'kvm_mmu_get_child_sp',
    about: 'CVE-2026-46113: linked-child-reused-untested.',
    before: (bounds) => [testing(bounds, { gfn: false, role: false })],
  },
]
