import type { Bounds } from '../bounds.ts'
import type { Kvm } from '../kvm.ts'
import type { Gpte } from '../primitives/fields.ts'
import { gpte_at, index_at, same_gpte } from '../primitives/guest-memory.ts'
import { pae_index, root_level } from '../roots/mmu.ts'
import type { Spte } from '../shadow/fields.ts'

/** The entry of the shadow page in hand that translates the faulting address. */
export function fault_spte(kvm: Kvm, v: number, bounds: Bounds): Spte {
  return kvm.page[kvm.vcpu[v].fault.sp as number].spte[fault_index(kvm, v, bounds)]
}

/** Its position. `fault.level` counts 1, 2, ... from the root downwards. */
export function fault_index(kvm: Kvm, v: number, bounds: Bounds): number {
  return index_at(kvm.vcpu[v].gva, level_in_hand(kvm, v, bounds), bounds.guest.entries)
}

/** Level of the shadow page in hand. */
export function level_in_hand(kvm: Kvm, v: number, bounds: Bounds): number {
  return root_level(kvm, v, bounds) + 1 - kvm.vcpu[v].fault.level
}

/** The guest maps a huge page here: from here on down the pages are direct (FETCH.7). */
export function huge(kvm: Kvm, v: number, bounds: Bounds): boolean {
  return kvm.vcpu[v].fault.gpte[level_in_hand(kvm, v, bounds) - 1].huge
}

/** The frame that the faulting address maps to, as the walk found it. */
export function target_gfn(kvm: Kvm, v: number): number {
  return kvm.vcpu[v].fault.gpte[0].to as number
}

/** The guest table at `level` on the way to the faulting address, as the walk found it. */
export function table_gfn(kvm: Kvm, v: number, level: number, bounds?: Bounds): number {
  const { cr3, fault } = kvm.vcpu[v]
  // Roots are as high as the tables, and have pages, unless the scenario's bounds say otherwise.
  if (bounds === undefined) return level === fault.gpte.length ? cr3 : (fault.gpte[level].to as number)
  if (level === root_level(kvm, v, bounds)) return cr3 + pae_index(kvm, v, bounds)
  return fault.gpte[level].to as number
}

/** The guest's entry at `level`, read now. */
export function current_gpte(kvm: Kvm, v: number, level: number, bounds: Bounds): Gpte {
  return gpte_at(kvm, table_gfn(kvm, v, level, bounds), kvm.vcpu[v].gva, level)
}

/** True when the guest's entry at `level` is no longer what the walk read (`gpte_changed()`). */
export function gpte_changed(kvm: Kvm, v: number, level: number, bounds: Bounds): boolean {
  return !same_gpte(current_gpte(kvm, v, level, bounds), kvm.vcpu[v].fault.gpte[level - 1])
}

/** The fault is over, whichever way: its local variables mean nothing any more. */
export function forget_fault(kvm: Kvm, v: number): void {
  const { fault } = kvm.vcpu[v]
  for (const entry of fault.gpte) {
    entry.to = null
    entry.w = false
    entry.huge = false
    entry.dirty = false
  }
  fault.level = 1
  fault.pfn = null
  fault.slot = 'none'
  fault.slot_logged = false
  fault.mmu_seq = 0
  fault.sp = null
  fault.child = null
  fault.child_invalid = false
  fault.child_no_write = false
  fault.goal_level = 1
  fault.flush = false
  fault.emulate = false
  fault.present = false
  fault.may_retry = false
  fault.hint = false
  fault.zapped = false
  fault.old_pfn = null
}
