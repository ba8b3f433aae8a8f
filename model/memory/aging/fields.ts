import { flag, range, ref, struct } from '../../language/shapes.ts'
import type { Bounds } from '../bounds.ts'
import type { Sorts } from '../sorts.ts'

/** Local variables of a call that ages a page. */
export const agingThread = (sorts: Sorts, bounds: Bounds) =>
  struct({
    left: range(0, bounds.aging.calls),
    gfn: ref(sorts.gfn),
    /** The rmap was not empty, and has been locked. */
    locked: flag,
    /** The SPTE that is visited: entry `index` of page `sp`. */
    sp: ref(sorts.page),
    index: range(0, bounds.guest.entries - 1),
  })
