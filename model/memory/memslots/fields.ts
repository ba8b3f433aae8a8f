import { array, flag, oneOf, range, ref, setOf, struct } from '../../language/shapes.ts'
import { type Bounds, last_generation, tags_mmio } from '../bounds.ts'
import { optional } from '../optional.ts'
import { requester } from '../primitives/fields.ts'
import type { Sorts } from '../sorts.ts'
import { rootZapper } from '../tdp/fields.ts'

/**
 * `struct kvm_memory_slot`. `installed` is its state in the installed memslots: valid, flagged
 * KVM_MEMSLOT_INVALID (lookups still find it), or gone. Its arrays (rmaps, write tracking, large-page counts)
 * are freed later, when no reader can hold a pointer to them.
 */
export const memslot = () =>
  struct({
    installed: oneOf('valid', 'invalid', 'gone'),
    arrays: oneOf('allocated', 'freed'),
  })

/**
 * The generation of the installed memslots. The update is in progress while a reader may still use the previous
 * set. MMIO SPTEs are tagged with the low bits of the generation. With more than one address space, the lowest
 * bits of the generation are the number of the address space.
 */
export const memslots = (bounds: Bounds) =>
  struct({
    generation: range(0, last_generation(bounds)),
    update_in_progress: optional(tags_mmio(bounds), flag),
  })

/** Local variables of the thread that updates memslots and zaps for it. */
export const memslotThread = (sorts: Sorts, bounds: Bounds) =>
  struct({
    sp: ref(sorts.page),
    /** A page was zapped since mmu_lock was taken. */
    batch: flag,
    left: range(
      0,
      bounds.zap.all + bounds.memslots.deletes + bounds.memslots.creates + bounds.memslots.moves,
    ),
    /** The generation that the new set of memslots will have. */
    gen: optional(bounds.memslots.generations > 0, range(0, last_generation(bounds))),
    req: requester(sorts),
    /** Precise zap and walks of rmaps: the current frame, the page of the current SPTE, and its descriptor. */
    gfn: optional(bounds.memslots.preciseZap || bounds.shadow.descs > 0, ref(sorts.gfn)),
    walked_sp: optional(bounds.shadow.descs > 0, ref(sorts.page)),
    walked_desc: ref(sorts.desc),
    /** A remote flush is still needed. */
    flush: optional(bounds.memslots.preciseZap, flag),
    /** Local variable of __kvm_mmu_prepare_zap_page(): a root in use was zapped. */
    zapped_root: flag,
    /** kvm_tdp_mmu_zap_invalidated_roots(). */
    tdp: array(bounds.tdp.on ? 1 : 0, rootZapper(sorts, bounds)),
    /** synchronize_srcu(): the readers that were inside when it was called and have not left since. */
    vcpu_readers: setOf(sorts.reading_vcpu),
    notifier_readers: setOf(sorts.reading_notifier),
  })

/** The memslot of each frame (`gfn_to_memslot()`); null is a slot that never changes. */
export const slotOfGfn = (sorts: Sorts) => array(sorts.gfn, ref(sorts.slot))

/** A file of guest_memfd and the memslot that is bound to it. */
export const guestMemfd = (bounds: Bounds) =>
  array(
    bounds.guestMemfd.on ? 1 : 0,
    struct({
      slots_lock: oneOf('free', 'gmemfile', 'gmemslot'),
      /** References to the file: that of userspace, and one that unbinding takes for a moment. */
      file_count: range(0, 2),
      /** The last reference was put: kvm_gmem_release() is to be called, and has returned. */
      release: oneOf('no', 'wanted', 'done'),
      /** slot->flags has KVM_MEM_GUEST_MEMFD. */
      slot_flag: flag,
      /** slot->gmem.file is not NULL; the bindings of the file contain the slot. */
      slot_file: flag,
      binding: flag,
      slot_freed: flag,
      updates_left: range(0, bounds.guestMemfd.updates),
      deletes_left: range(0, 1),
    }),
  )
