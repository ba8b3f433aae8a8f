import { flag, range, setOf, struct } from '../../language/shapes.ts'
import type { Bounds } from '../bounds.ts'
import { requester } from '../primitives/fields.ts'
import type { Sorts } from '../sorts.ts'

/** Local variables of the ioctls that read and clear the dirty log, and of userspace around them. */
export const dirtyLogThread = (sorts: Sorts, bounds: Bounds) =>
  struct({
    left: range(0, bounds.dirtyLog.passes),
    /** The bits that this pass has cleared in the bitmap, for userspace. */
    dirty_bitmap_buffer: setOf(sorts.logged),
    /** log->dirty_bitmap in userspace: the pages to copy. */
    reported: setOf(sorts.logged),
    /** A remote flush is still needed. */
    flush: flag,
    req: requester(sorts),
  })
