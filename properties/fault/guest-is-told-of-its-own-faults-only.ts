import type { ActionProperty } from '../../model/language/property.ts'
import type { Kvm } from '../../model/memory/kvm.ts'

export const guestIsToldOfItsOwnFaultsOnly: ActionProperty<Kvm> = {
  kind: 'action',
  id: 'guest-is-told-of-its-own-faults-only',
  aliases: [],
  title: 'KVM injects a page fault into the guest only for an address that the guest has accessed.',
  when: 'whenever KVM injects a page fault because the guest does not map the address',
  reference: 'paging64_page_fault(): if (!fault->prefetch) kvm_inject_emulated_page_fault()',
  consequence: 'A guest task takes a page fault at an instruction that did not cause it.',
  given: (_before, step) => step.path.endsWith('/PF.2 inject'),
  holds: (before, step) => !before.vcpu[step.self].prefetch,
}
