import { type Sort, sort } from '../language/shapes.ts'
import { type Bounds, slots_change, watched } from './bounds.ts'

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
    /** The pages a hardware walk can be in the middle of; none when there is one level. */
    walked: only(bounds.shadow.levels > 1, page),
    /** Pages that can go unsync and be synced; none where nobody changes guest tables. */
    synced: only(watched(bounds), page),
    /** Who can hold mmu_lock for read; nobody where there are no faults of the TDP MMU. */
    mmu_reader: only(bounds.fault.tdp, vcpu),
    /** The vCPUs with an asynchronous page fault. */
    async_pf: only(bounds.asyncPf.on, vcpu),
    /** Positions in a table. */
    index: sort('index', bounds.guest.entries),
    zapper: sort('zapper', bounds.zap.threads),
    slot: sort('slot', bounds.memslots.slots),
    notifier,
    desc: sort('desc', bounds.shadow.descs),
    /** Frames whose host page can be invalidated; none without notifiers. */
    invalidated: only(bounds.notifier.threads > 0, gfn),
    /** Frames with a bit in a dirty log; none without dirty logging. */
    logged: only(bounds.dirtyLog.of.length > 0, gfn),
    /** Host pages that change owners or have a dirty flag; none where they stay what they are. */
    host_page: only(bounds.notifier.threads > 0, pfn),
    /** Readers of kvm->srcu; none where nobody waits for them. */
    reading_vcpu: only(slots_change(bounds), vcpu),
    reading_notifier: only(slots_change(bounds), notifier),
  }
}

/** The ids themselves, or none of them where a scenario has no use for what they index. */
function only(used: boolean, ids: Sort): Sort {
  return used ? ids : sort(ids.name, 0)
}

export type Sorts = ReturnType<typeof sortsOf>
