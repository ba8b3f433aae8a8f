import type { ActionProperty } from '../../model/language/property.ts'
import type { Kvm } from '../../model/memory/kvm.ts'

export const guestIsToldOfItsOwnFaultsOnly: ActionProperty<Kvm> = {
  kind: 'action',
  id: 'guest-is-told-of-its-own-faults-only',
  aliases: [],
  title: 'A page fault is injected into the guest only for an address that the guest has touched.',
  when: 'whenever KVM injects a page fault because the guest does not map the address',
  reference: 'paging64_page_fault(): if (!fault->prefetch) kvm_inject_emulated_page_fault()',
  consequence: 'A task of the guest is stopped at an instruction that has done nothing wrong.',
  given: (_before, step) => step.path.endsWith('/PF.2 inject'),
  holds: (before, step) => !before.vcpu[step.self].prefetch,
}
