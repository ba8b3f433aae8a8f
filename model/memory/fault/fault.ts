import { type Bounds, tables_change_slots } from '../bounds.ts'
import type { Kvm } from '../kvm.ts'
import { slot_found } from '../memslots/memslot.ts'
import type { Gpte } from '../primitives/fields.ts'
import { gpte_at, index_at, same_gpte } from '../primitives/guest-memory.ts'
import { pae_index, root_level } from '../roots/mmu.ts'
import type { Spte } from '../shadow/fields.ts'

/** The SPTE for the faulting address in the current shadow page. */
export function fault_spte(kvm: Kvm, v: number, bounds: Bounds): Spte {
  return kvm.page[kvm.vcpu[v].fault.sp as number].spte[fault_index(kvm, v, bounds)]
}

/** The index of that SPTE. */
export function fault_index(kvm: Kvm, v: number, bounds: Bounds): number {
  return index_at(kvm.vcpu[v].gva, current_level(kvm, v, bounds), bounds.guest.entries)
}

/** Level of the current shadow page. `fault.level` itself counts 1, 2, ... from the root downwards. */
export function current_level(kvm: Kvm, v: number, bounds: Bounds): number {
  return root_level(kvm, v, bounds) + 1 - kvm.vcpu[v].fault.level
}

/** Whether the guest maps a huge page at the current level; the shadow pages below are then direct. */
export function huge(kvm: Kvm, v: number, bounds: Bounds): boolean {
  return kvm.vcpu[v].fault.gpte[current_level(kvm, v, bounds) - 1].huge
}

/** The frame that the faulting address maps to, as the walk found it. */
export function target_gfn(kvm: Kvm, v: number): number {
  return kvm.vcpu[v].fault.gpte[0].to as number
}

/** The guest table at `level` on the way to the faulting address, as the walk found it. */
export function table_gfn(kvm: Kvm, v: number, level: number, bounds?: Bounds): number {
  const { cr3, fault } = kvm.vcpu[v]
  // Without bounds every root has `levels` levels and a shadow page.
  if (bounds === undefined) return level === fault.gpte.length ? cr3 : (fault.gpte[level].to as number)
  if (level === root_level(kvm, v, bounds)) return cr3 + pae_index(kvm, v, bounds)
  return fault.gpte[level].to as number
}

/** The guest's entry at `level`, read now. */
export function current_gpte(kvm: Kvm, v: number, level: number, bounds: Bounds): Gpte {
  return gpte_at(kvm, table_gfn(kvm, v, level, bounds), kvm.vcpu[v].gva, level)
}

/**
 * Whether the guest table at `level` has a usable memslot. Otherwise the address of its user memory is an error
 * (KVM_HVA_ERR_BAD), and reading it fails.
 */
export function table_is_readable(kvm: Kvm, v: number, level: number, bounds: Bounds): boolean {
  return slot_found(kvm, table_gfn(kvm, v, level, bounds)) === 'valid'
}

/**
 * `FNAME(gpte_changed)()`: whether the guest's entry at `level` is no longer what the walk read, or cannot be read
 * (7.2.13 paging_tmpl.h, gpte_changed(): r || ...).
 */
export function gpte_changed(kvm: Kvm, v: number, level: number, bounds: Bounds): boolean {
  if (tables_change_slots(bounds) && !table_is_readable(kvm, v, level, bounds)) return true
  return !same_gpte(current_gpte(kvm, v, level, bounds), kvm.vcpu[v].fault.gpte[level - 1])
}

/** Resets the local variables of a fault that has ended, so that they cost no states. */
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
  fault.is_private = false
  fault.sp = null
  fault.child = null
  fault.child_invalid = false
  fault.child_no_write = false
  fault.goal_level = 1
  fault.was_rmapped = false
  fault.flush = false
  fault.emulate = false
  fault.present = false
  fault.may_retry = false
  fault.hint = false
  fault.zapped = false
  fault.old_pfn = null
}
