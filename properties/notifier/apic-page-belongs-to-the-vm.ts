import type { Invariant } from '../../model/language/property.ts'
import type { Counters } from '../../model/language/system.ts'
import type { Bounds } from '../../model/memory/bounds.ts'
import type { Kvm } from '../../model/memory/kvm.ts'
import { all, in_guest } from '../primitives/guest-mode.ts'

/** The vCPU runs the guest on the APIC page of its VMCS. */
const uses = (kvm: Kvm, at: Counters, v: number): boolean =>
  kvm.vcpu[v].apic_access_addr !== null && in_guest(at, v)

export const apicPageBelongsToTheVm: Invariant<Kvm> = {
  kind: 'invariant',
  id: 'apic-page-belongs-to-the-vm',
  aliases: [],
  title: 'While a vCPU is in the guest, the APIC access page of its VMCS belongs to the VM.',
  when: 'always',
  reference: 'vmx_set_apic_access_page_addr(); e649b3f0188f, v5.8',
  consequence: 'Accesses of the guest to its APIC reach a page of another owner, or are not intercepted.',
  judgedWhere: ({ apicPage }: Bounds) => apicPage.gfn !== undefined,
  given: (kvm, at) => all(kvm.vcpu).some((v) => uses(kvm, at, v)),
  holds: (kvm, at) =>
    all(kvm.vcpu).every(
      (v) =>
        !uses(kvm, at, v) || kvm.host_page[kvm.vcpu[v].apic_access_addr as number].owner !== 'another owner',
    ),
}
