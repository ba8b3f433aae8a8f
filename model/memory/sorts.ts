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
  }
}

export type Sorts = ReturnType<typeof sortsOf>
