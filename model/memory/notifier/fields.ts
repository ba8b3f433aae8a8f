import { array, flag, oneOf, range, ref, setOf, struct, type View } from '../../language/shapes.ts'
import type { Bounds } from '../bounds.ts'
import { optional } from '../optional.ts'
import { requester } from '../primitives/fields.ts'
import type { Sorts } from '../sorts.ts'
import { rootWalk } from '../tdp/fields.ts'

/**
 * A page of host memory: free, owned by the VM's process, or reallocated to another owner, which keeps it.
 */
export const hostPage = (bounds: Bounds) =>
  struct({
    owner: oneOf('none', 'the VM', 'another owner'),
    /** PG_dirty: the page must be written back before it may be reclaimed. */
    dirty: optional(bounds.host.dirty, flag),
    /** History: the guest wrote to the page. */
    written: optional(bounds.host.dirty, flag),
  })

/** Local variables of an mmu notifier, and of the host code that calls it. */
export const notifierThread = (sorts: Sorts, bounds: Bounds) =>
  struct({
    left: range(0, bounds.notifier.invalidations),
    /** The frame whose host page is taken, and that page. */
    gfn: ref(sorts.gfn),
    pfn: ref(sorts.pfn),
    /** History: the frame's SPTEs were zapped, and the invalidation has not ended. */
    unmapped: flag,
    /** The vCPU whose page fault it runs for. */
    vcpu: optional(bounds.notifier.cow.length > 0, ref(sorts.vcpu)),
    /** A page on the frame's rmap whose SPTE was found present (handlers that rewrite SPTEs). */
    sp: optional(bounds.shadow.descs > 0, ref(sorts.page)),
    /** An event over a range: `gfn` is the frame it is at. What the walk of the slot owes, and what was zapped (history). */
    in_range: optional(bounds.notifier.range.length > 0, flag),
    slot_flush: optional(bounds.notifier.range.length > 0, flag),
    zapped: setOf(sorts.ranged),
    /** An event over a range: the walk over the roots of the TDP MMU. */
    tdp: array(bounds.tdp.on && bounds.notifier.range.length > 0 ? 1 : 0, rootWalk(sorts)),
    /** A remote flush is still needed. */
    flush: flag,
    req: requester(sorts),
  })

/** Local variables of kvm_vm_set_mem_attributes(), which slots_lock serializes. */
export const attributesThread = (sorts: Sorts, bounds: Bounds) =>
  struct({
    left: range(0, bounds.attributes.changes),
    gfn: ref(sorts.gfn),
    /** A remote flush is still needed. */
    flush: flag,
    req: requester(sorts),
  })

/** The most that mmu_invalidate_seq can become. */
export const last_seq = ({ notifier, attributes, vcpus }: Bounds): number =>
  notifier.threads * notifier.invalidations + notifier.cow.length * vcpus + attributes.changes

/** kvm->mmu_invalidate_*: what the fault path compares its snapshot with. */
export const mmuInvalidate = (sorts: Sorts, bounds: Bounds) =>
  struct({
    in_progress: range(0, bounds.notifier.threads + (bounds.attributes.changes > 0 ? 1 : 0)),
    seq: range(0, last_seq(bounds)),
    /** The frames of the invalidations in progress (the kernel keeps the interval that contains them). */
    range: setOf(sorts.invalidated),
  })

/** Where a vCPU is in breaking the sharing of a page: its own notifier has yet to begin, runs, or has ended. */
export const copyOnWrite = (bounds: Bounds) =>
  optional(bounds.notifier.cow.length > 0, oneOf('none', 'wanted', 'runs', 'done'))

/** The host pages, where they can change. */
export const hostPages = (sorts: Sorts, bounds: Bounds) => array(sorts.host_page, hostPage(bounds))

/** A thread that uses pfn caches, and what it holds a lock as. */
export type PfnCacheThread = 'gpcuser' | 'gpcioctl'

/** The local variables of a refresh, and how often the thread does what it does. */
const refresher = (sorts: Sorts, times: number, seqs: number) =>
  struct({
    left: range(0, times),
    /** The snapshot of mmu_invalidate_seq, and the page that was looked up after it. */
    mmu_seq: range(0, seqs),
    new_pfn: ref(sorts.pfn),
  })

/**
 * `struct gfn_to_pfn_cache`, of which there is one: KVM's mapping of the host page behind a frame, for structures that it
 * shares with the guest. The page has no reference; mmu notifiers invalidate the cache.
 */
export const pfnCache = (sorts: Sorts, bounds: Bounds) =>
  array(
    bounds.pfnCache.uses > 0 ? 1 : 0,
    struct({
      /** gpc->lock, by whom it is held: the user of the cache is its only reader. */
      lock: oneOf('free', 'read', 'gpcuser', 'gpcioctl'),
      refresh_lock: oneOf('free', 'gpcuser', 'gpcioctl'),
      active: flag,
      valid: flag,
      /** On kvm->gpc_list, where notifiers find it. */
      listed: flag,
      /** KVM's mapping: khva is not NULL. */
      khva: flag,
      pfn: ref(sorts.pfn),
      gpcuser: refresher(sorts, bounds.pfnCache.uses, last_seq(bounds)),
      gpcioctl: refresher(sorts, bounds.pfnCache.toggles, last_seq(bounds)),
    }),
  )

export type PfnCache = View<ReturnType<typeof pfnCache>>[number]
