import type { Bounds } from '../bounds.ts'

/**
 * Threads besides vCPUs that read page tables of the TDP MMU under RCU and hold mmu_lock for read: the elements of
 * `Sorts.tdp_thread`.
 */
export const MEMSLOT_THREAD = 0
export const DIRTY_LOG_THREAD = 1
/** Under RCU only: aging takes no lock (v6.15). */
export const AGING_THREAD = 2

/** Recovers NX huge pages (v6.17: with mmu_lock held for read). */
export const NX_THREAD = 3

/** How many kinds of such threads there are. */
export const TDP_THREADS = 4

/** References to a root that are no vCPU's: that of the TDP MMU, and one of each walk over roots that may yield. */
export function tdp_holders({ tdp, notifier }: Bounds): number {
  if (!tdp.on) return 0
  return 1 + TDP_THREADS + (notifier.range.length > 0 ? notifier.threads : 0)
}
