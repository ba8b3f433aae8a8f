import type { Counters } from '../../model/language/system.ts'
import type { Kvm } from '../../model/memory/kvm.ts'
import { all } from '../primitives/guest-mode.ts'
import { usable_tlb } from './mappings.ts'

/** A vCPU is between allocating the page and the end of the flush that write-protects its guest table. */
export function is_being_built(kvm: Kvm, at: Counters, page: number): boolean {
  return all(kvm.vcpu).some((v) => kvm.vcpu[v].fault.child === page && /\/GET\.[1-9]/.test(at.vcpu[v]))
}

/** A vCPU in the guest can write to a host page through its TLB. */
export function usable_writable_translation(kvm: Kvm, at: Counters, pfn: number): boolean {
  return all(kvm.vcpu).some((v) => usable_tlb(kvm, at, v).some((entry) => entry.w && entry.pfn === pfn))
}
