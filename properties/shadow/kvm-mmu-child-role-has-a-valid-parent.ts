import type { Invariant } from '../../model/language/property.ts'
import type { Counters } from '../../model/language/system.ts'
import type { Kvm } from '../../model/memory/kvm.ts'
import { all } from '../primitives/guest-mode.ts'

export const kvmMmuChildRoleHasAValidParent: Invariant<Kvm> = {
  kind: 'invariant',
  id: 'kvm-mmu-child-role-has-a-valid-parent',
  aliases: [],
  title: 'The role of a child is derived from that of a shadow page which was not zapped.',
  when: 'when a page fault looks up a child (GET.2)',
  reference: 'WARN_ON_ONCE(role.invalid) in kvm_mmu_child_role(), v6.12.y and v7.1',
  consequence:
    'A page is built below a zapped root; with role.invalid inherited it is never zapped nor found.',
  given: (kvm, at) => parents(kvm, at).length > 0,
  holds: (kvm, at) => parents(kvm, at).every((page) => !kvm.page[page].role_invalid),
}

/** The pages for which a vCPU looks up a child. */
function parents(kvm: Kvm, at: Counters): number[] {
  return all(kvm.vcpu)
    .filter((v) => at.vcpu[v].endsWith('FETCH/GET.2'))
    .map((v) => kvm.vcpu[v].fault.sp as number)
}
