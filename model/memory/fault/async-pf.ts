import type { Kvm } from '../kvm.ts'
import { gfn_to_hva } from '../memslots/memslot.ts'
import { root_role } from '../roots/mmu.ts'

/** The host page that backs a frame; null when it is swapped out. */
export function backing_page(kvm: Kvm, gfn: number): number | null {
  return kvm.host_pte[gfn_to_hva(kvm, gfn)]
}

/** Swaps in the page of a frame. It gets the number of the frame, as all host pages have initially. */
export function swap_in(kvm: Kvm, gfn: number): number {
  const hva = gfn_to_hva(kvm, gfn)
  kvm.host_pte[hva] = hva
  return hva
}

/** `kvm_arch_setup_async_pf()`: records the address, the frame and the MMU context of the fault. */
export function remember_fault(kvm: Kvm, v: number, gfn: number): void {
  const vcpu = kvm.vcpu[v]
  const apf = vcpu.async_pf[0]
  apf.queued = true
  apf.cr2_or_gpa = vcpu.gva
  apf.gfn = gfn
  apf.direct_map = root_role(kvm, v).direct
  apf.cr3 = vcpu.cr3
}

/** `vcpu->arch.mmu->root_role.direct == work->arch.direct_map`. */
export function same_mmu_kind(kvm: Kvm, v: number): boolean {
  return kvm.vcpu[v].async_pf[0].direct_map === root_role(kvm, v).direct
}

/** `work->arch.cr3 == kvm_mmu_get_guest_pgd()`, tested for indirect MMUs only: direct pages depend on no CR3. */
export function same_pgd(kvm: Kvm, v: number): boolean {
  return root_role(kvm, v).direct || kvm.vcpu[v].async_pf[0].cr3 === kvm.vcpu[v].cr3
}

/** `kmem_cache_free(async_pf_cache, work)`; a kworker may still be running the work. */
export function free_async_pf(kvm: Kvm, v: number): void {
  const apf = kvm.vcpu[v].async_pf[0]
  apf.queued = false
  apf.done = false
  apf.cr2_or_gpa = 0
  apf.gfn = null
  apf.direct_map = false
  apf.cr3 = null
}

/** Exchanges the address of the guest's instruction with that of a prefetch fault, before and after the latter. */
export function swap_addresses(kvm: Kvm, v: number): void {
  const vcpu = kvm.vcpu[v]
  const { gva } = vcpu
  vcpu.gva = vcpu.async_pf[0].cr2_or_gpa
  vcpu.async_pf[0].cr2_or_gpa = gva
}

/** `kvm_request_pending()`: requests must be serviced before the guest is entered. */
export function request_pending(kvm: Kvm, v: number): boolean {
  return !kvm.vcpu[v].requests.isEmpty() || kvm.vcpu[v].apf_ready
}
