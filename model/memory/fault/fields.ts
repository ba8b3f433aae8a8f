import { array, flag, oneOf, range, ref, setOf, struct, type View } from '../../language/shapes.ts'
import { type Bounds, slots_change, unsyncs_under_read_lock, watched } from '../bounds.ts'
import { last_seq } from '../notifier/fields.ts'
import { optional } from '../optional.ts'
import { gpte } from '../primitives/fields.ts'
import { spte } from '../shadow/fields.ts'
import type { Sorts } from '../sorts.ts'
import { removedTables } from '../tdp/fields.ts'

/** `struct kvm_async_pf`: a page fault that waits for its page while the vCPU runs on. One per vCPU. */
export const asyncPf = (sorts: Sorts, bounds: Bounds) =>
  struct({
    /** On vcpu->async_pf.queue: from the fault until KVM is done with it. */
    queued: flag,
    /** On vcpu->async_pf.done: the page has arrived. */
    done: flag,
    /** The work item: on the workqueue, or being executed by a kworker. */
    work: oneOf('idle', 'pending', 'running'),
    cr2_or_gpa: range(0, Math.max(0, bounds.guest.gvas - 1)),
    /** arch.gfn, which determines the host address to fault in. */
    gfn: ref(sorts.gfn),
    /** arch.direct_map and arch.cr3: the context in which the page was missing. */
    direct_map: flag,
    cr3: ref(sorts.gfn),
  })

export type AsyncPf = View<ReturnType<typeof asyncPf>>

/** Local variables of a page fault and of the walk that handles it. */
export const faultLocals = (sorts: Sorts, bounds: Bounds) =>
  struct({
    /** Guest entries as the walk (PF.2) read them; element l - 1 belongs to level l. */
    gpte: array(bounds.shadow.levels, gpte(sorts, bounds)),
    level: range(1, bounds.shadow.levels),
    pfn: ref(sorts.pfn),
    /** The memslot of the frame, as PF.3 found it (with changing memslots only). */
    slot: optional(slots_change(bounds), oneOf('none', 'valid', 'invalid')),
    /** That memslot has dirty logging on. */
    slot_logged: optional(bounds.dirtyLog.enables, flag),
    mmu_seq: range(0, last_seq(bounds)),
    /** PFERR_PRIVATE_ACCESS: the frame was private when kvm_mmu_page_fault() began. */
    is_private: optional(bounds.attributes.changes > 0, flag),
    /** FETCH: the current shadow page, and the child found or built for the next level. */
    sp: ref(sorts.page),
    child: ref(sorts.page),
    /** FETCH.7: the level to map at. */
    goal_level: optional(bounds.shadow.choosesLevel || bounds.tdp.huge, range(1, 2)),
    /** FETCH.3: the wanted child's role.access lacks ACC_WRITE_MASK. */
    child_no_write: optional(bounds.shadow.accessRoles, flag),
    /** GET.2: `invalid` in the role that the child copies from its parent. */
    child_invalid: optional(bounds.shadow.levels > 1, flag),
    /** mmu_set_spte() found the SPTE present: it is on an rmap already. */
    was_rmapped: flag,
    /** A remote flush is needed before mmu_lock is dropped or the guest table is read again. */
    flush: flag,
    /** The frame stays write-protected: a write must be emulated. */
    emulate: flag,
    /** SY.3: the unsync pages to sync. */
    unsync_pages: setOf(sorts.synced),
    /** Local variables of mmu_try_to_unsync_pages(), where several vCPUs can be in it. */
    unsync: array(
      unsyncs_under_read_lock(bounds) ? 1 : 0,
      struct({
        /** The current page, and whether this vCPU holds mmu_unsync_pages_lock. */
        sp: ref(sorts.page),
        locked: flag,
        /** The parent's bitmap and counter as read; they are written back with one bit more, or incremented. */
        unsync_child_bitmap: setOf(sorts.index),
        unsync_children: range(0, bounds.guest.entries + bounds.vcpus),
      }),
    ),
    /** PFERR_PRESENT: the SPTE was present and lacked a permission. */
    present: optional(watched(bounds) || bounds.fault.fast, flag),
    /** Unprotecting: EMULTYPE_ALLOW_RETRY_PF; `indirect_shadow_pages` was not 0; a page was zapped. */
    may_retry: optional(bounds.unprotect.stores.length > 0, flag),
    hint: optional(bounds.unprotect.stores.length > 0, flag),
    zapped: optional(bounds.unprotect.stores.length > 0, flag),
    /** Fast page fault: the pfn of the SPTE that was read. Its other bits are implied by having come this far. */
    old_pfn: optional(bounds.fault.fast, ref(sorts.pfn)),
    /** The TDP MMU: the SPTE as the walk has read it. */
    old_spte: array(bounds.tdp.on ? 1 : 0, spte(sorts, bounds)),
    /** The TDP MMU: tables that a huge SPTE replaces. */
    removed: array(bounds.tdp.huge ? 1 : 0, removedTables(sorts, bounds)),
  })
