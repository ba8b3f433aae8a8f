import { array, flag, oneOf, range, ref, setOf, struct, type View } from '../language/shapes.ts'
import { type Added, extended } from './added.ts'
import { agingThread } from './aging/fields.ts'
import { type Bounds, slots_change, unsyncs_under_read_lock, watched } from './bounds.ts'
import { dirtyLogThread } from './dirty-log/fields.ts'
import { guestMemfd, memslot, memslots, memslotThread, slotOfGfn } from './memslots/fields.ts'
import { attributesThread, hostPages, mmuInvalidate, notifierThread, pfnCache } from './notifier/fields.ts'
import { optional } from './optional.ts'
import { device, guestTables, requester } from './primitives/fields.ts'
import { rmaps, shadowPage } from './shadow/fields.ts'
import type { Sorts } from './sorts.ts'
import { nxRecovery } from './tdp/fields.ts'
import { rcuReaders } from './tdp/page.ts'
import { teardown } from './teardown/fields.ts'
import { paravirtualFlush, postedInterrupts, svmCpu, svmVcpu, vcpu } from './vcpu/fields.ts'

/**
 * `struct kvm` and everything in it: the shared state of all scenarios, and the threads' local variables.
 * @param added fields that features and the design of a run add; none of them is part of the type, see `With`.
 */
export function kvmWorld(bounds: Bounds, sorts: Sorts, added: readonly Added[] = []) {
  const world = struct({
    /** The kind of thread that holds it for write. */
    mmu_lock: oneOf('free', 'vcpu', 'zapper', 'memslot', 'notifier', 'shrinker', 'dirtylog', 'attributes'),
    /** The vCPUs that hold it for read. */
    mmu_lock_readers: setOf(sorts.mmu_reader),
    ...rcuReaders(sorts),
    /** kvm->arch.mmu_unsync_pages_lock, a spinlock inside mmu_lock. */
    mmu_unsync_pages_lock: optional(unsyncs_under_read_lock(bounds), oneOf('free', 'held')),
    mmu_valid_gen: range(0, 1),
    page: array(
      sorts.page,
      extended(
        shadowPage(sorts, bounds),
        added.map((a) => a.page),
      ),
    ),
    /** From the tail (oldest) to the head. */
    active_mmu_pages: array(bounds.shadow.pages, ref(sorts.page)),
    rmap: rmaps(sorts, bounds),
    indirect_shadow_pages: range(0, bounds.shadow.pages),
    /** History: a thread acted on a wrong value of it, see `act_on_hint()`. */
    wrong_hint: array(bounds.writeTracking.hintHistory ? 1 : 0, flag),
    gfn_write_track: array(bounds.guest.tables, range(0, bounds.shadow.pages)),
    guest_table: guestTables(sorts, bounds),
    /** History: an SPTE has lost its mapping or a permission since the last remote flush began. */
    flush_pending: array(watched(bounds) ? 1 : 0, flag),
    /** Frames whose shadow pages have no guest table behind them; never changes. */
    without_gptes: array(bounds.shadow.withoutGptes.length > 0 ? sorts.gfn : 0, flag),
    /** Only if slots move: the page of user memory behind each frame; never changes. */
    hva_of_gfn: array(bounds.memslots.moves > 0 ? sorts.gfn : 0, ref(sorts.gfn)),
    /** The host's page table: the host page behind each page of user memory. See `gfn_to_hva()`. */
    host_pte: array(sorts.gfn, ref(sorts.pfn)),
    /** The pages of user memory that are mapped read-only, because another process shares them. */
    shared_hva: setOf(sorts.shareable),
    vcpu: array(
      sorts.vcpu,
      extended(
        vcpu(sorts, bounds),
        added.map((a) => a.vcpu),
      ),
    ),
    zapper: array(
      sorts.zapper,
      struct({
        sp: ref(sorts.page),
        /** Local variable of __kvm_mmu_prepare_zap_page(): a root in use was zapped. */
        zapped_root: flag,
        left: range(0, bounds.zap.pages),
        req: requester(sorts),
      }),
    ),
    memslot: array(bounds.zap.all > 0 || slots_change(bounds) ? 1 : 0, memslotThread(sorts, bounds)),
    slot_of_gfn: slotOfGfn(sorts),
    slot: array(
      sorts.slot,
      extended(
        memslot(),
        added.map((a) => a.slot),
      ),
    ),
    memslots: memslots(bounds),
    /** Threads that are in a read-side critical section of kvm->srcu. */
    vcpu_in_srcu: array(sorts.reading_vcpu, flag),
    notifier_in_srcu: array(sorts.reading_notifier, flag),
    host_page: hostPages(sorts, bounds),
    mmu_invalidate: mmuInvalidate(sorts, bounds),
    mn_active_invalidate_count: range(0, bounds.notifier.threads),
    notifier: array(sorts.notifier, notifierThread(sorts, bounds)),
    gpc: pfnCache(sorts, bounds),
    /** The frames with KVM_MEMORY_ATTRIBUTE_PRIVATE. */
    mem_attr_array: setOf(sorts.attributed),
    attributes: array(bounds.attributes.changes > 0 ? 1 : 0, attributesThread(sorts, bounds)),
    /** The slab shrinker (..v6.12). For the quota of shadow pages a vCPU zaps, see `zap_sp`. */
    shrinker: array(
      bounds.zap.reclaims > 0 ? 1 : 0,
      struct({ sp: ref(sorts.page), left: range(0, bounds.zap.reclaims), req: requester(sorts) }),
    ),
    /** KVM_RMAP_LOCKED, in the head of each frame's rmap (v6.15). */
    rmap_locked: array(bounds.aging.calls > 0 ? sorts.gfn : 0, flag),
    aging: array(bounds.aging.calls > 0 ? 1 : 0, agingThread(sorts, bounds)),
    /** kvm->arch.shadow_root_allocated: memslots have rmaps. Only where aging asks for it. */
    shadow_root_allocated: optional(bounds.aging.accessed, flag),
    /** The frames of the page that is aged, one for each memslot; whether the CPU sets no A bits. Neither changes. */
    aged_gfn: array(bounds.aging.accessed ? bounds.aging.of.length : 0, ref(sorts.gfn)),
    without_ad: optional(bounds.aging.accessed, flag),
    nx: nxRecovery(sorts, bounds),
    teardown: teardown(bounds),
    gmem: guestMemfd(bounds),
    svm_cpu: svmCpu(sorts, bounds),
    /** VMs on the CPU, a vCPU of each. */
    svm: array(sorts.guest_of_cpu, svmVcpu(bounds)),
    pi_desc: postedInterrupts(bounds),
    pv: paravirtualFlush(bounds),
    device: array(bounds.requests.interrupts > 0 ? 1 : 0, device(sorts, bounds)),
    external: array(
      bounds.externalWriter.stores.length > 0 ? 1 : 0,
      struct({ left: range(0, bounds.externalWriter.left) }),
    ),
    /** KVM_MEM_LOG_DIRTY_PAGES is set in the installed memslots; only where that changes. */
    dirty_logging: optional(bounds.dirtyLog.enables, flag),
    /** memslot->dirty_bitmap. */
    dirty_bitmap: setOf(sorts.logged),
    /** History: the frames that the guest has written since userspace copied them last. */
    uncopied: setOf(sorts.logged),
    dirtylog: array(bounds.dirtyLog.passes > 0 ? 1 : 0, dirtyLogThread(sorts, bounds)),
    /** The descriptor of a frame's rmap chain, and whether each descriptor is allocated. */
    rmap_desc: array(sorts.gfn, ref(sorts.desc)),
    desc_allocated: array(sorts.desc, flag),
  })
  return extended(
    world,
    added.map((a) => a.kvm),
  )
}

/** The world as steps and properties see it. */
export type Kvm = View<ReturnType<typeof kvmWorld>>

/** Whether mmu_lock can be taken for write: it is held neither for write nor for read. */
export function mmu_lock_is_free(kvm: Kvm): boolean {
  return kvm.mmu_lock === 'free' && kvm.mmu_lock_readers.isEmpty() && kvm.mmu_lock_reading_threads.isEmpty()
}
