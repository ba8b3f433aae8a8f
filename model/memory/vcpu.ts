import {
  array,
  flag,
  id,
  oneOf,
  range,
  ref,
  type Sort,
  setOf,
  setOfNames,
  struct,
  type View,
} from '../language/shapes.ts'
import type { Bounds } from './bounds.ts'
import type { Kvm } from './kvm.ts'

/** Requests that other threads make of a vCPU. */
export type Request = 'FREE_OBSOLETE_ROOTS' | 'TLB_FLUSH'

/** Local variables of kvm_make_all_cpus_request() in whoever calls it. */
export const requester = (vcpu: Sort) =>
  struct({
    /** vCPUs not visited yet. */
    todo: setOf(vcpu),
    /** The vCPU whose request bit was set and whose mode was not looked at yet. */
    now: ref(vcpu),
    /** vCPUs that get an interrupt. */
    ipis: setOf(vcpu),
  })

export type Requester = View<ReturnType<typeof requester>>

/** `struct kvm_vcpu` with its `struct kvm_mmu`, the physical CPU's TLB and the guest's program. */
export const vcpu = (sorts: { vcpu: Sort; page: Sort; pgd: Sort }, bounds: Bounds) =>
  struct({
    mode: oneOf('OUTSIDE_GUEST_MODE', 'IN_GUEST_MODE', 'EXITING_GUEST_MODE'),
    requests: setOfNames('FREE_OBSOLETE_ROOTS', 'TLB_FLUSH'),
    /** An interrupt was sent to the CPU and not taken yet. */
    ipi: flag,
    /** mmu->root.hpa as a page; null is INVALID_PAGE. */
    root: ref(sorts.page),
    prev_roots: array(bounds.prevRoots, ref(sorts.page)),
    cr3: id(sorts.pgd),
    /** The root below which the cached translation of the data page was found; null: nothing cached. */
    tlb: ref(sorts.page),
    /** The guest instruction in progress. */
    guest: oneOf('idle', 'access'),
    cr3_loads: range(0, bounds.cr3Loads),
    /** Local variables of the thread. */
    roots_to_free: setOf({ name: 'root slot', size: bounds.prevRoots + 1 }),
    i: range(0, Math.max(1, bounds.prevRoots)),
    req: requester(sorts.vcpu),
  })

/** Root slot 0 is the current root, slot i + 1 is prev_roots[i]. */
export const CURRENT = 0

/** The page in a root slot, or null. */
export function root_in_slot(kvm: Kvm, vcpu: number, slot: number): number | null {
  return slot === CURRENT ? kvm.vcpu[vcpu].root : kvm.vcpu[vcpu].prev_roots[slot - 1]
}

/** Empties a root slot. */
export function clear_slot(kvm: Kvm, vcpu: number, slot: number): void {
  if (slot === CURRENT) kvm.vcpu[vcpu].root = null
  else kvm.vcpu[vcpu].prev_roots[slot - 1] = null
}

/** The pages that a vCPU holds as roots, current first. */
export function roots_of(kvm: Kvm, vcpu: number): (number | null)[] {
  return [kvm.vcpu[vcpu].root, ...kvm.vcpu[vcpu].prev_roots]
}
