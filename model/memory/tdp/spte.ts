import type { Spte } from '../shadow/fields.ts'

/** Copies an SPTE. */
export function copy_spte(from: Spte, to: Spte): void {
  to.kind = from.kind
  to.child = from.child
  to.pfn = from.pfn
  to.gfn = from.gfn
  to.w = from.w
  to.mmuw = from.mmuw
  to.access_write = from.access_write
  to.dirty = from.dirty
  to.accessed = from.accessed
  to.gen = from.gen
}

/** Whether two SPTEs have the same value, as cmpxchg compares them. */
export function same_spte(a: Spte, b: Spte): boolean {
  if (a.kind !== b.kind || a.child !== b.child || a.pfn !== b.pfn) return false
  if (a.accessed !== b.accessed) return false
  return a.w === b.w && a.mmuw === b.mmuw && a.dirty === b.dirty && a.gen === b.gen
}

/** `is_shadow_present_pte()`. */
export function is_present({ kind }: Spte): boolean {
  return kind === 'leaf' || kind === 'non-leaf'
}
