import { Oops } from '../../language/property.ts'
import type { Kvm } from '../kvm.ts'

/** The slot that is deleted, or moved away. */
export const DYING = 0

/** The slot that has the memory of slot 0 after a move: `new` beside `old` in kvm_set_memslot(). */
export const MOVED = 1

/**
 * `gfn_to_hva()`: the page of user memory behind a frame. It has the number of the frame that it is behind
 * initially; after a move it is also behind a frame of the moved slot.
 */
export function gfn_to_hva(kvm: Kvm, gfn: number): number {
  return kvm.hva_of_gfn.length === 0 ? gfn : (kvm.hva_of_gfn[gfn] as number)
}

/** The frame that a page of user memory is behind in the installed memslots; null for none. */
export function hva_to_gfn(kvm: Kvm, hva: number): number | null {
  for (let gfn = 0; gfn < kvm.slot_of_gfn.length; gfn++) {
    if (gfn_to_hva(kvm, gfn) === hva && slot_found(kvm, gfn) !== 'none') return gfn
  }
  return null
}

/** What `gfn_to_memslot()` finds for a frame in the installed memslots: 'none' when its slot is gone. */
export function slot_found(kvm: Kvm, gfn: number): 'none' | 'valid' | 'invalid' {
  const slot = kvm.slot_of_gfn[gfn]
  if (slot === null) return 'valid'
  const { installed } = kvm.slot[slot]
  return installed === 'gone' ? 'none' : installed
}

/** Uses the arrays of a frame's slot through a pointer from an earlier lookup. @throws Oops if they are freed. */
export function use_slot_arrays(kvm: Kvm, gfn: number): void {
  const slot = kvm.slot_of_gfn[gfn]
  if (slot === null) return
  if (kvm.slot[slot].arrays === 'freed') {
    throw new Oops('no-use-after-free', `memslot ${slot} (gfn ${gfn}) is used after it was freed`)
  }
}

/** Looks up the slot of a frame and uses its arrays, as rmap_remove() does. @throws Oops if it is gone. */
export function look_up_and_use_slot(kvm: Kvm, gfn: number): void {
  const slot = kvm.slot_of_gfn[gfn]
  if (slot === null) return
  if (kvm.slot[slot].installed === 'gone') {
    throw new Oops('no-use-after-free', `gfn_to_memslot(gfn ${gfn}) = NULL: memslot ${slot} is gone`)
  }
  use_slot_arrays(kvm, gfn)
}
