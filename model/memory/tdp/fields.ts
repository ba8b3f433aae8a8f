import { array, flag, range, ref, setOf, struct, type View } from '../../language/shapes.ts'
import type { Bounds } from '../bounds.ts'
import { requester } from '../primitives/fields.ts'
import { spte } from '../shadow/fields.ts'
import type { Sorts } from '../sorts.ts'

/** handle_removed_pt() of a table, one per level below the root: the table, and the entry that is frozen next. */
export const removedTables = (sorts: Sorts, bounds: Bounds) =>
  array(
    bounds.tdp.on ? bounds.shadow.levels - 1 : 0,
    struct({ sp: ref(sorts.page), index: range(0, bounds.guest.entries - 1) }),
  )

export type RemovedTables = View<ReturnType<typeof removedTables>>

/** A walk over roots in a thread that holds mmu_lock for write: its root, and the one before, whose reference is put next. */
export const rootWalk = (sorts: Sorts) => struct({ root: ref(sorts.page), prev_root: ref(sorts.page) })

export type RootWalk = View<ReturnType<typeof rootWalk>>

/** `struct tdp_iter` and the walk over roots around it, in a thread that zaps whole roots. */
export const rootZapper = (sorts: Sorts, bounds: Bounds) => {
  // Other scenarios may have so large tables that no field could count their frames.
  const lastGfn = bounds.tdp.on ? bounds.guest.entries ** bounds.shadow.levels - 1 : 0
  return struct({
    /** The root to which the walk over roots holds a reference, and the one before, whose reference is put next. */
    root: ref(sorts.page),
    prev_root: ref(sorts.page),
    /** pt_path: element l - 1 is the table at level l on the way; the root is not one of them. */
    pt_path: array(bounds.shadow.levels - 1, ref(sorts.page)),
    level: range(1, bounds.shadow.levels),
    /** The zap_level of the pass. */
    min_level: range(1, bounds.shadow.levels),
    gfn: range(0, lastGfn),
    next_last_level_gfn: range(0, lastGfn),
    /** next_last_level_gfn != yielded_gfn. */
    progress: flag,
    old_spte: spte(sorts, bounds),
    removed: removedTables(sorts, bounds),
  })
}

export type RootZapper = View<ReturnType<typeof rootZapper>>

/** The thread that recovers NX huge pages: the table it is at, and the tables that it may recover. */
export const nxRecovery = (sorts: Sorts, bounds: Bounds) =>
  array(
    bounds.tdp.recoveries > 0 ? 1 : 0,
    struct({
      left: range(0, bounds.tdp.recoveries),
      /** kvm->arch.possible_nx_huge_pages. */
      possible: setOf(sorts.page),
      sp: ref(sorts.page),
      removed: removedTables(sorts, bounds),
      req: requester(sorts),
    }),
  )
