import { array, oneOf, range, ref, sort, struct, type View } from '../language/shapes.ts'
import type { Bounds } from './bounds.ts'
import { shadowPage } from './shadow-page.ts'
import { requester, vcpu } from './vcpu.ts'

/** The id sets of a scenario. */
export function sortsOf(bounds: Bounds) {
  return {
    vcpu: sort('vcpu', bounds.vcpus),
    page: sort('page', bounds.pages),
    pgd: sort('pgd', bounds.pgds),
    zapper: sort('zapper', bounds.zappers),
  }
}

export type Sorts = ReturnType<typeof sortsOf>

/** `struct kvm` and everything in it: the shared state of all scenarios, and the threads' local variables. */
export function kvmWorld(bounds: Bounds, sorts: Sorts) {
  const holders = Math.max(1, bounds.vcpus * (1 + bounds.prevRoots))
  return struct({
    /** Held for write; who holds it, by thread kind. */
    mmu_lock: oneOf('free', 'vcpu', 'zapper', 'memslot'),
    mmu_valid_gen: range(0, 1),
    page: array(sorts.page, shadowPage(sorts.pgd, holders)),
    /** From the tail (oldest) to the head. */
    active_mmu_pages: array(bounds.pages, ref(sorts.page)),
    vcpu: array(sorts.vcpu, vcpu(sorts, bounds)),
    zapper: array(
      sorts.zapper,
      struct({
        sp: ref(sorts.page),
        zapped_root: oneOf('no', 'yes'),
        left: range(0, bounds.zaps),
        req: requester(sorts.vcpu),
      }),
    ),
    memslot: array(
      bounds.zapAlls > 0 ? 1 : 0,
      struct({
        sp: ref(sorts.page),
        batch: range(0, 1),
        left: range(0, bounds.zapAlls),
        req: requester(sorts.vcpu),
      }),
    ),
  })
}

/** The world as steps and properties see it. */
export type Kvm = View<ReturnType<typeof kvmWorld>>
