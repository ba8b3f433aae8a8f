import type { Witness } from '../../model/language/property.ts'
import type { Kvm } from '../../model/memory/kvm.ts'
import { gfn_to_hva } from '../../model/memory/memslots/memslot.ts'
import { rmap_is_locked } from '../../model/memory/shadow/rmap.ts'
import { all } from '../primitives/guest-mode.ts'

/** Two invalidations back to back, in the logs of 6.12 (s17). */
export const absentPageIsInvalidated: Witness<Kvm> = {
  kind: 'witness',
  id: 'absent-page-is-invalidated',
  aliases: [],
  title: 'A notifier invalidates a gfn behind which there is no host page at that time.',
  reference: 'mmu_notifier_invalidate_range_start() is called for ranges, whatever is mapped in them',
  seen: (kvm, at) =>
    all(kvm.notifier).some((n) => {
      const { gfn } = kvm.notifier[n]
      return at.notifier[n] === 'NS.5' && gfn !== null && kvm.host_pte[gfn_to_hva(kvm, gfn)] === null
    }),
}

/** 31 of 117 gfns that were mapped again in the logs of 6.12 had the page that they had before. */
export const samePageIsMappedAgain: Witness<Kvm> = {
  kind: 'witness',
  id: 'same-page-is-mapped-again',
  aliases: [],
  title: 'After an invalidation has ended, a gfn is mapped again to the host page that it had at the start.',
  reference: 'mprotect(), fork() and a reclaim that is given up leave the page in the host PTE',
  seen: (kvm) =>
    kvm.mmu_invalidate.seq > 0 &&
    kvm.mmu_invalidate.in_progress === 0 &&
    all(kvm.page).some((page) =>
      all(kvm.page[page].spte).some((index) => {
        const { kind, gfn, pfn } = kvm.page[page].spte[index]
        return kind === 'leaf' && gfn !== null && pfn === gfn_to_hva(kvm, gfn)
      }),
    ),
}

/** In the logs of 6.12, 33 of 249 invalidations run in a vCPU that faults; each of those faults is retried. */
export const faultIsRetriedForItsOwnNotifier: Witness<Kvm> = {
  kind: 'witness',
  id: 'fault-is-retried-for-its-own-notifier',
  aliases: [],
  title: 'A page fault has copied a shared page, and finds that mmu_invalidate_seq has changed meanwhile.',
  reference: 'wp_page_copy() inside hva_to_pfn(); mmu_invalidate_retry_gfn_unsafe()',
  seen: (kvm, at) =>
    all(kvm.vcpu).some(
      (v) =>
        at.vcpu[v] === 'PF/PF.10' &&
        kvm.vcpu[v].guest === 'write' &&
        kvm.mmu_invalidate.in_progress === 0 &&
        kvm.vcpu[v].fault.mmu_seq !== kvm.mmu_invalidate.seq,
    ),
}

/** mmu_lock is held meanwhile. */
export const agingHoldsBackANotifier: Witness<Kvm> = {
  kind: 'witness',
  id: 'aging-holds-back-a-notifier',
  aliases: [],
  title: 'A notifier is about to empty an rmap that aging has locked.',
  reference: 'kvm_rmap_lock() in kvm_zap_all_rmap_sptes(), v6.15',
  seen: (kvm, at) =>
    all(kvm.notifier).some((n) => {
      const { gfn } = kvm.notifier[n]
      return at.notifier[n] === 'NS.5' && gfn !== null && rmap_is_locked(kvm, gfn)
    }),
}

/** v6.12. */
export const rangeIsUnmappedInTwoSections: Witness<Kvm> = {
  kind: 'witness',
  id: 'range-is-unmapped-in-two-sections',
  aliases: [],
  title: 'A notifier has dropped mmu_lock in the middle of a range, and a vCPU holds it.',
  reference: 'cond_resched_rwlock_write() in __walk_slot_rmaps(), v6.12',
  seen: (kvm, at) =>
    kvm.mmu_lock === 'vcpu' &&
    all(kvm.notifier).some((n) => at.notifier[n] === 'NS.5 lock' && !kvm.notifier[n].zapped.isEmpty()),
}

export const tdpRangeIsUnmappedInTwoSections: Witness<Kvm> = {
  kind: 'witness',
  id: 'tdp-range-is-unmapped-in-two-sections',
  aliases: [],
  title: 'A notifier has dropped mmu_lock between two leaves below a root, and a vCPU holds it for read.',
  reference: 'tdp_mmu_iter_cond_resched() in tdp_mmu_zap_leafs()',
  seen: (kvm, at) =>
    !kvm.mmu_lock_readers.isEmpty() && all(kvm.notifier).some((n) => at.notifier[n] === 'NS.5 tdp lock'),
}

export const flushIsOwedFromOneSlotToTheNext: Witness<Kvm> = {
  kind: 'witness',
  id: 'flush-is-owed-from-one-slot-to-the-next',
  aliases: [],
  title: 'A notifier begins with the second memslot of its range while it owes the flush of the first.',
  reference: 'ret |= range->handler() in kvm_handle_hva_range()',
  seen: (kvm, at) => all(kvm.notifier).some((n) => at.notifier[n] === 'NS.5 slot' && kvm.notifier[n].flush),
}
