import { sort } from '../language/shapes.ts'
import type { Bounds } from './bounds.ts'

/** The id sets of a scenario. */
export function sortsOf(bounds: Bounds) {
  return {
    vcpu: sort('vcpu', bounds.vcpus),
    page: sort('page', bounds.pages),
    gfn: sort('gfn', bounds.gfns),
    pfn: sort('pfn', bounds.pfns),
    /** The pages a hardware walk can be in the middle of; none when there is one level. */
    walked: sort('page', bounds.levels > 1 ? bounds.pages : 0),
    /** Positions in a table. */
    index: sort('index', bounds.entries),
    zapper: sort('zapper', bounds.zappers),
    slot: sort('slot', bounds.slots),
    notifier: sort('notifier', bounds.notifiers),
    desc: sort('desc', bounds.descs),
    /** Frames whose host page can be invalidated; none without notifiers. */
    invalidated: sort('gfn', bounds.notifiers > 0 ? bounds.gfns : 0),
    /** Host pages that change owners or have a dirty flag; none where they stay what they are. */
    host_page: sort('pfn', bounds.notifiers > 0 ? bounds.pfns : 0),
    /** Readers of kvm->srcu; none where nobody waits for them. */
    reading_vcpu: sort('vcpu', bounds.slotDeletes > 0 ? bounds.vcpus : 0),
    reading_notifier: sort('notifier', bounds.slotDeletes > 0 ? bounds.notifiers : 0),
  }
}

export type Sorts = ReturnType<typeof sortsOf>
