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
  forget_outdated(kvm, vcpu, gva)
}

/** History: the TLB has no translation of the address that is older than a flush. */
export function forget_outdated(kvm: Kvm, v: number, gva: number): void {
  const { outdated } = kvm.vcpu[v]
  if (gva < outdated.length) outdated[gva] = 'no'
}

/** History: a flush of all vCPUs begins. It covers what their TLBs hold now. */
export function note_flush(kvm: Kvm): void {
  for (const { outdated, tlb } of kvm.vcpu)
    for (let gva = 0; gva < outdated.length; gva++)
      if (tlb[gva].pfn !== null && outdated[gva] === 'no') outdated[gva] = 'a flush is being made'
}

/** History: the flush has returned to its caller. */
export function note_end_of_flush(kvm: Kvm): void {
  for (const { outdated } of kvm.vcpu)
    for (let gva = 0; gva < outdated.length; gva++)
      if (outdated[gva] === 'a flush is being made') outdated[gva] = 'a flush was made'
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

/** Drops what a TLB has cached below one root: the context that is loaded. */
export function flush_tlb_root(kvm: Kvm, v: number, root: number | null): void {
  const { tlb } = kvm.vcpu[v]
  for (let gva = 0; gva < tlb.length; gva++) if (tlb[gva].root === root) flush_tlb_gva(kvm, v, gva)
}

/** A vCPU flushes its own TLB: at once, or with `requests.deferredFlush` when it enters the guest. */
export function request_own_flush(kvm: Kvm, v: number, deferred: boolean): void {
  if (deferred) kvm.vcpu[v].tlb_ctl = true
  else flush_tlb(kvm, v)
}

/** Drops what the TLBs of all CPUs have cached of one host page. */
export function flush_tlb_page(kvm: Kvm, pfn: number | null): void {
  for (let v = 0; v < kvm.vcpu.length; v++)
    for (let gva = 0; gva < kvm.vcpu[v].tlb.length; gva++)
      if (pfn !== null && kvm.vcpu[v].tlb[gva].pfn === pfn) flush_tlb_gva(kvm, v, gva)
}
