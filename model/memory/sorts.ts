import { type Sort, sort } from '../language/shapes.ts'
import { type Bounds, can_be_invalidated, slots_change, watched } from './bounds.ts'
import { TDP_THREADS } from './tdp/threads.ts'

/** The id sets of a scenario. */
export function sortsOf(bounds: Bounds) {
  const vcpu = sort('vcpu', bounds.vcpus)
  const page = sort('page', bounds.shadow.pages)
  const gfn = sort('gfn', bounds.guest.gfns)
  const pfn = sort('pfn', bounds.host.pfns)
  const notifier = sort('notifier', bounds.notifier.threads)
  return {
    vcpu,
    page,
    gfn,
    pfn,
    /** Pages that a hardware walk can be at, and that can be parents; none with one level. */
    walked: only(bounds.shadow.levels > 1, page),
    /** Pages that can go unsync and be synced; none if guest tables never change. */
    synced: only(watched(bounds), page),
    /** vCPUs that can hold mmu_lock for read; none without faults of the TDP MMU. */
    mmu_reader: only(bounds.tdp.on, vcpu),
    /** Other threads that can; see `MEMSLOT_THREAD`. */
    tdp_thread: only(bounds.tdp.on, sort('thread', TDP_THREADS)),
    /** The vCPUs with an asynchronous page fault. */
    async_pf: only(bounds.asyncPf.on, vcpu),
    /** Positions in a table. */
    index: sort('index', bounds.guest.entries),
    zapper: sort('zapper', bounds.zap.threads),
    slot: sort('slot', bounds.memslots.slots),
    notifier,
    desc: sort('desc', bounds.shadow.descs),
    /** vCPUs of different VMs that run on one CPU in turn. */
    guest_of_cpu: sort('guest', bounds.asids.runs > 0 ? 2 : 0),
    /** Frames whose mappings can be invalidated. */
    invalidated: only(can_be_invalidated(bounds), gfn),
    /** Frames that an event over a range may zap; none without such events. */
    ranged: only(bounds.notifier.range.length > 0, gfn),
    /** Frames that are private or shared; none if no attribute changes. */
    attributed: only(bounds.attributes.changes > 0, gfn),
    /** Frames whose host page can be shared with another process. */
    shareable: only(bounds.notifier.cow.length > 0, gfn),
    /** Frames with a bit in a dirty log; none without dirty logging. */
    logged: only(bounds.dirtyLog.of.length > 0, gfn),
    /** Host pages that can change owners; none without notifiers. */
    host_page: only(bounds.notifier.threads > 0, pfn),
    /** Readers of kvm->srcu; none if no thread waits for them. */
    reading_vcpu: only(slots_change(bounds), vcpu),
    reading_notifier: only(slots_change(bounds), notifier),
  }
}

/** The sort, or an empty one if the scenario does not use what it indexes. */
function only(used: boolean, ids: Sort): Sort {
  return used ? ids : sort(ids.name, 0)
}

export type Sorts = ReturnType<typeof sortsOf>
