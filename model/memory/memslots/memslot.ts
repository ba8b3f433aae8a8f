import { Oops } from '../../language/property.ts'
import type { Kvm } from '../kvm.ts'

/** The slot that is deleted, or moved away. */
export const DYING = 0

/** The memslot that the memory of slot 0 is moved to, where it is: the kernel's `new` beside its `old`. */
export const MOVED = 1

/**
 * `gfn_to_hva()`: the page of user memory that a frame lies on, by the number of the frame that is on it at
 * first. Frames that a slot is moved to lie on the pages of the frames that it is moved from.
 */
export function gfn_to_hva(kvm: Kvm, gfn: number): number {
  return kvm.hva_of_gfn.length === 0 ? gfn : (kvm.hva_of_gfn[gfn] as number)
}

/** The frame that lies on a page of user memory, as the current set of memslots has it; null when none does. */
export function hva_to_gfn(kvm: Kvm, hva: number): number | null {
  for (let gfn = 0; gfn < kvm.slot_of_gfn.length; gfn++) {
    if (gfn_to_hva(kvm, gfn) === hva && slot_found(kvm, gfn) !== 'none') return gfn
  }
  return null
}

/** What `gfn_to_memslot()` finds for a frame in the current set: 'none' when its slot is gone. */
export function slot_found(kvm: Kvm, gfn: number): 'none' | 'valid' | 'invalid' {
  const slot = kvm.slot_of_gfn[gfn]
  if (slot === null) return 'valid'
  const { installed } = kvm.slot[slot]
  return installed === 'gone' ? 'none' : installed
}

/** Uses the arrays of the slot that a frame lies in, through a pointer to the slot found earlier. */
export function use_slot_arrays(kvm: Kvm, gfn: number): void {
  const slot = kvm.slot_of_gfn[gfn]
  if (slot === null) return
  if (kvm.slot[slot].arrays === 'freed') {
    throw new Oops('no-use-after-free', `memslot ${slot} (gfn ${gfn}) is used after it was freed`)
  }
}

/** Looks the slot of a frame up in the current set and uses its arrays, as rmap_remove() does. */
export function look_up_and_use_slot(kvm: Kvm, gfn: number): void {
  const slot = kvm.slot_of_gfn[gfn]
  if (slot === null) return
  if (kvm.slot[slot].installed === 'gone') {
    throw new Oops('no-use-after-free', `gfn_to_memslot(gfn ${gfn}) = NULL: memslot ${slot} is gone`)
  }
  use_slot_arrays(kvm, gfn)
}
