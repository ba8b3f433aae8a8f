import type { Counters } from '../../model/language/system.ts'

/** The vCPU runs guest code: between VM-entry and VM-exit, whatever `vcpu->mode` says. */
export function in_guest(at: Counters, vcpu: number): boolean {
  return at.vcpu[vcpu] === 'RUN.9'
}

/** The indices of an array. */
export function all(things: { readonly length: number }): number[] {
  return Array.from({ length: things.length }, (_, i) => i)
}

/** The thread is servicing KVM_REQ_MMU_FREE_OBSOLETE_ROOTS: before VM-entry, or in KVM_PRE_FAULT_MEMORY. */
export function services_request(path: string): boolean {
  return path.startsWith('RUN.1/') || path.startsWith('PREFAULT/PRE.1/')
}
