import type { Counters } from '../../model/language/system.ts'

/** The vCPU executes guest code: between VM-entry and VM-exit, whatever `vcpu->mode` says. */
export function in_guest(at: Counters, vcpu: number): boolean {
  return at.vcpu[vcpu] === 'RUN.9'
}

/** The numbers 0..length-1, for properties over all vCPUs or pages. */
export function all(things: { readonly length: number }): number[] {
  return Array.from({ length: things.length }, (_, i) => i)
}

/** The thread services KVM_REQ_MMU_FREE_OBSOLETE_ROOTS: before it enters the guest, or in the loop of an ioctl. */
export function services_request(path: string): boolean {
  return path.startsWith('RUN.1/') || path.startsWith('PREFAULT/PRE.1/')
}
