import type { Kvm } from '../kvm.ts'

/**
 * Records (history) that the guest flushes an address: stale translations are not allowed for it any more. They
 * stay allowed while KVM emulates a store to a table, which may be ordered before or after the flush.
 */
export function promise_fresh(kvm: Kvm, v: number, gva: number): void {
  const { stale_allowed } = kvm.vcpu[v]
  if (gva >= stale_allowed.length) return
  for (const { storing } of kvm.vcpu) if (storing) return
  stale_allowed[gva] = false
}

/** Drops what a TLB has cached for one address. */
export function flush_tlb_gva(kvm: Kvm, vcpu: number, gva: number): void {
  const entry = kvm.vcpu[vcpu].tlb[gva]
  entry.pfn = null
  entry.w = false
  entry.root = null
}

/** Whether no TLB holds a translation, so that a flush would change nothing. */
export function all_tlbs_empty(kvm: Kvm): boolean {
  for (const { tlb } of kvm.vcpu) for (const { pfn } of tlb) if (pfn !== null) return false
  return true
}

/** Empties the TLB of the CPU that the vCPU runs on, paging-structure caches included. */
export function flush_tlb(kvm: Kvm, vcpu: number): void {
  for (let gva = 0; gva < kvm.vcpu[vcpu].tlb.length; gva++) flush_tlb_gva(kvm, vcpu, gva)
}
