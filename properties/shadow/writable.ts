import type { Counters } from '../../model/language/system.ts'
import type { Kvm } from '../../model/memory/kvm.ts'
import { all } from '../primitives/guest-mode.ts'
import { usable_tlb } from './mappings.ts'

/** Some vCPU is between allocating the page and the end of the flush that makes its table read-only. */
export function is_being_built(kvm: Kvm, at: Counters, page: number): boolean {
  return all(kvm.vcpu).some((v) => kvm.vcpu[v].fault.child === page && /\/GET\.[1-9]/.test(at.vcpu[v]))
}

/** Some vCPU in the guest has a cached translation with which it can write to a host page. */
export function usable_writable_translation(kvm: Kvm, at: Counters, pfn: number): boolean {
  return all(kvm.vcpu).some((v) => usable_tlb(kvm, at, v).some((entry) => entry.w && entry.pfn === pfn))
}
