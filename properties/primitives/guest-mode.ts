import { indicesOf } from '../../model/language/indices.ts'
import { isAt, places } from '../../model/language/places.ts'
import type { Counters } from '../../model/language/system.ts'

const IN_GUEST = places((path) => path === 'RUN.9')

/** The vCPU runs guest code: between VM-entry and VM-exit, whatever `vcpu->mode` says. */
export function in_guest(at: Counters, vcpu: number): boolean {
  return isAt(at.vcpu, vcpu, IN_GUEST)
}

/** The indices of an array. */
export const all = indicesOf

/** The thread is servicing KVM_REQ_MMU_FREE_OBSOLETE_ROOTS: before VM-entry, or in KVM_PRE_FAULT_MEMORY. */
export const SERVICES_REQUEST = places(
  (path) => path.startsWith('RUN.1/') || path.startsWith('PREFAULT/PRE.1/'),
)
