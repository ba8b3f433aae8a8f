import { array, flag, oneOf, range, ref, setOf, struct } from '../language/shapes.ts'
import type { Bounds } from './bounds.ts'
import type { Kvm } from './kvm.ts'
import { optional } from './optional.ts'
import type { Sorts } from './sorts.ts'
import { requester } from './vcpu.ts'

/**
 * A page of host memory: it may be free, belong to the process whose memory is the guest's, or have been
 * freed and given to another owner. A page of another owner does not come back.
 */
export const hostPage = (bounds: Bounds) =>
  struct({
    owner: oneOf('nobody', 'the VM', 'another owner'),
    /** PG_dirty: the page must be written back before it may be reclaimed. */
    dirty: optional(bounds.dirty, flag),
    /** History: the guest wrote to the page. */
    written: optional(bounds.dirty, flag),
  })

/** Local variables of an mmu notifier, and of the host code that calls it. */
export const notifierThread = (sorts: Sorts, bounds: Bounds) =>
  struct({
    left: range(0, bounds.invalidations),
    /** The frame whose host page goes away, and that page. */
    gfn: ref(sorts.gfn),
    pfn: ref(sorts.pfn),
    /** The slot was found, so that mmu_lock was taken and the invalidation counted. */
    counted: flag,
    /** History: the frame's SPTEs were zapped, and the invalidation has not ended. */
    unmapped: flag,
    /** A page on the frame's rmap whose SPTE was found present (handlers that rewrite SPTEs). */
    sp: optional(bounds.descs > 0, ref(sorts.page)),
    /** A remote flush is owed. */
    flush: flag,
    req: requester(sorts),
  })

/** Local variables of a call that ages a page. */
export const agingThread = (sorts: Sorts, bounds: Bounds) =>
  struct({
    left: range(0, bounds.agings),
    gfn: ref(sorts.gfn),
    /** The rmap was not empty, and has been locked. */
    locked: flag,
    /** The SPTE in hand: a page, and the entry of it. */
    sp: ref(sorts.page),
    index: range(0, bounds.entries - 1),
  })

/** kvm->mmu_invalidate_*: what the fault path compares its snapshot with. */
export const mmuInvalidate = (sorts: Sorts, bounds: Bounds) =>
  struct({
    in_progress: range(0, bounds.notifiers),
    seq: range(0, bounds.notifiers * bounds.invalidations),
    /** The frames of the invalidations in progress (the kernel keeps the interval that contains them). */
    range: setOf(sorts.invalidated),
  })

/** The host pages, where they can change. */
export const hostPages = (sorts: Sorts, bounds: Bounds) => array(sorts.host_page, hostPage(bounds))

/** A free host page, or null. Free pages are alike. */
export function free_host_page(kvm: Kvm): number | null {
  for (let p = 0; p < kvm.host_page.length; p++) if (kvm.host_page[p].owner === 'nobody') return p
  return null
}

/** `mmu_invalidate_retry_gfn()`: may what was learnt of the frame since `seq` was read be out of date? */
export function mmu_invalidate_retry(kvm: Kvm, gfn: number, seq: number): boolean {
  return invalidation_of(kvm, gfn) || kvm.mmu_invalidate.seq !== seq
}

/** An invalidation that covers the frame is in progress. */
export function invalidation_of(kvm: Kvm, gfn: number): boolean {
  return kvm.mmu_invalidate.in_progress > 0 && kvm.mmu_invalidate.range.has(gfn)
}
