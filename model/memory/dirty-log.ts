import { flag, range, setOf, struct } from '../language/shapes.ts'
import type { Bounds } from './bounds.ts'
import type { Kvm } from './kvm.ts'
import type { Sorts } from './sorts.ts'
import { requester } from './vcpu.ts'

/** Local variables of the ioctls that read and clear the dirty log, and of userspace around them. */
export const dirtyLogThread = (sorts: Sorts, bounds: Bounds) =>
  struct({
    left: range(0, bounds.logPasses),
    /** The bits that this pass has taken out of the bitmap, for userspace. */
    dirty_bitmap_buffer: setOf(sorts.logged),
    /** log->dirty_bitmap in userspace: the pages to copy. */
    reported: setOf(sorts.logged),
    /** A remote flush is owed. */
    flush: flag,
    req: requester(sorts),
  })

/** `kvm_slot_dirty_track_enabled()` for the slot of a frame. */
export function is_logged(gfn: number, bounds: Bounds): boolean {
  return bounds.logged.includes(gfn)
}

/** `mark_page_dirty_in_slot()`: sets the frame's bit, if its slot is logged. */
export function mark_page_dirty(kvm: Kvm, gfn: number, bounds: Bounds): void {
  if (is_logged(gfn, bounds)) kvm.dirty_bitmap.add(gfn)
}

/** A store reaches a host page (history): userspace has to copy the frame that the page backs again. */
export function note_store(kvm: Kvm, pfn: number, bounds: Bounds): void {
  for (const gfn of bounds.logged) if (kvm.host_pte[gfn] === pfn) kvm.uncopied.add(gfn)
}
