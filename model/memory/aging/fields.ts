import { array, flag, oneOf, range, ref, struct } from '../../language/shapes.ts'
import type { Bounds } from '../bounds.ts'
import { optional } from '../optional.ts'
import { spte } from '../shadow/fields.ts'
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
    /** iter->old_spte: the leaf of the TDP MMU as it was read. */
    old_spte: array(bounds.aging.accessed ? 1 : 0, spte(sorts, bounds)),
    /** What is asked: before eviction, or by the walk of MGLRU that ages pages. Which slot the call is at. */
    call: optional(bounds.aging.accessed, oneOf('none', 'eviction', 'walk')),
    at: range(0, bounds.aging.accessed ? Math.max(0, bounds.aging.of.length - 1) : 0),
    /** The answer so far; what the walk has recorded in its bitmap; args.unreliable (v3). */
    young: optional(bounds.aging.accessed, flag),
    recorded: optional(bounds.aging.accessed, flag),
    unreliable: optional(bounds.aging.accessed, flag),
    /** What the notifier of a mailed series has returned. */
    answer: optional(bounds.aging.accessed, oneOf('0', 'YOUNG', 'YOUNG_BITMAP_UNRELIABLE', 'YOUNG_FAST')),
    /** History: an A bit was set when the call began; the call has cleared one. */
    owed: optional(bounds.aging.accessed, flag),
    consumed: optional(bounds.aging.accessed, flag),
  })
