import type { Invariant } from '../../model/language/property.ts'
import type { Counters } from '../../model/language/system.ts'
import type { Kvm } from '../../model/memory/kvm.ts'
import { root_is_valid } from '../../model/memory/roots/mmu.ts'
import { all } from '../primitives/guest-mode.ts'

export const kvmMmuPageFaultFindsAValidRoot: Invariant<Kvm> = {
  kind: 'invariant',
  id: 'kvm-mmu-page-fault-finds-a-valid-root',
  aliases: [],
  title: 'A vCPU that handles a page fault has a root.',
  when: 'from the guest walk (PF.2) to the lookup of the first shadow page',
  reference: 'WARN_ON_ONCE(!VALID_PAGE(vcpu->arch.mmu->root.hpa)) in kvm_mmu_page_fault() and FNAME(fetch)()',
  consequence: 'KVM takes INVALID_PAGE for the address of a page table.',
  given: (kvm, at) => all(kvm.vcpu).some((v) => faults(at, v)),
  holds: (kvm, at) => all(kvm.vcpu).every((v) => !faults(at, v) || root_is_valid(kvm, v)),
}

function faults(at: Counters, v: number): boolean {
  return /^PF\/PF\.(2|11|12)/.test(at.vcpu[v])
}
