import type { Counters } from '../model/language/system.ts'
import type { Kvm } from '../model/memory/kvm.ts'
import { all, in_guest } from './guest-mode.ts'

/** Some vCPU is between allocating the page and the end of the flush that makes its table read-only. */
export function is_being_built(kvm: Kvm, at: Counters, page: number): boolean {
  return all(kvm.vcpu).some((v) => kvm.vcpu[v].fault.child === page && /\/GET\.[1-9]/.test(at.vcpu[v]))
}

/** A TLB entry that allows writing to a host page and can be used: now, or at the next entry without a flush. */
export function usable_writable_translation(kvm: Kvm, at: Counters, pfn: number): boolean {
  return all(kvm.vcpu).some((v) => {
    const { tlb, root, requests } = kvm.vcpu[v]
    if (root === null || (!in_guest(at, v) && requests.has('TLB_FLUSH'))) return false
    return all(tlb).some((gva) => tlb[gva].w && tlb[gva].pfn === pfn && tlb[gva].root === root)
  })
}
