import { array, flag, oneOf, range, ref, struct, type View } from '../language/shapes.ts'
import type { Bounds } from './bounds.ts'
import { guestTables } from './guest-memory.ts'
import { rmaps } from './rmap.ts'
import { shadowPage } from './shadow-page.ts'
import type { Sorts } from './sorts.ts'
import { requester, vcpu } from './vcpu.ts'

/** `struct kvm` and everything in it: the shared state of all scenarios, and the threads' local variables. */
export function kvmWorld(bounds: Bounds, sorts: Sorts) {
  return struct({
    /** Held for write; who holds it, by thread kind. */
    mmu_lock: oneOf('free', 'vcpu', 'zapper', 'memslot'),
    mmu_valid_gen: range(0, 1),
    page: array(sorts.page, shadowPage(sorts, bounds)),
    /** From the tail (oldest) to the head. */
    active_mmu_pages: array(bounds.pages, ref(sorts.page)),
    rmap: rmaps(sorts, bounds),
    indirect_shadow_pages: range(0, bounds.pages),
    gfn_write_track: array(bounds.tables, range(0, bounds.pages)),
    guest_table: guestTables(sorts, bounds),
    /** The host's page table: the page that backs each guest frame. */
    host_pte: array(sorts.gfn, ref(sorts.pfn)),
    vcpu: array(sorts.vcpu, vcpu(sorts, bounds)),
    zapper: array(
      sorts.zapper,
      struct({
        sp: ref(sorts.page),
        /** Local variable of __kvm_mmu_prepare_zap_page(): a root in use was zapped. */
        zapped_root: flag,
        left: range(0, bounds.zaps),
        req: requester(sorts),
      }),
    ),
    memslot: array(
      bounds.zapAlls > 0 ? 1 : 0,
      struct({
        sp: ref(sorts.page),
        /** A page was zapped since mmu_lock was taken. */
        batch: flag,
        left: range(0, bounds.zapAlls),
        req: requester(sorts),
      }),
    ),
  })
}

/** The world as steps and properties see it. */
export type Kvm = View<ReturnType<typeof kvmWorld>>
