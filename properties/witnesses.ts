import type { Witness } from '../model/language/property.ts'
import type { Counters } from '../model/language/system.ts'
import { check_mmio_spte } from '../model/machines/fault/mmio.ts'
import type { Kvm } from '../model/memory/kvm.ts'
import { gfn_to_hva, slot_found } from '../model/memory/memslots/memslot.ts'
import { all, in_guest } from './primitives/guest-mode.ts'

/** Harmless. An event log of a 6.12 kernel shows it 54 times in one run, so the model must contain it. */
export const guestEntersOnARootBeingZapped: Witness<Kvm> = {
  kind: 'witness',
  id: 'guest-enters-on-a-root-being-zapped',
  aliases: [],
  title: 'A vCPU runs guest code on a root that is being zapped, before the request is set.',
  reference: 'event logs of KVM 6.12: entries on a root inside __kvm_mmu_prepare_zap_page()',
  seen: (kvm, at) =>
    kvm.mmu_lock === 'zapper' &&
    all(kvm.vcpu).some((v) => {
      const { root, requests } = kvm.vcpu[v]
      return (
        in_guest(at, v) &&
        root !== null &&
        kvm.page[root].list === 'pinned' &&
        !requests.has('FREE_OBSOLETE_ROOTS')
      )
    }),
}

/** The fault that the stale check sends back to the entry path. */
export const staleFaultIsRetried: Witness<Kvm> = {
  kind: 'witness',
  id: 'stale-fault-is-retried',
  aliases: [],
  title: 'A page fault reaches is_page_fault_stale() with an obsolete root.',
  reference: 'event logs of KVM 6.12: is_page_fault_stale() = 1 after each of those entries',
  seen: (kvm, at) =>
    all(kvm.vcpu).some((v) => {
      const { root } = kvm.vcpu[v]
      if (at.vcpu[v] !== 'PF/PF.12' || root === null) return false
      return kvm.page[root].role_invalid || kvm.page[root].mmu_valid_gen !== kvm.mmu_valid_gen
    }),
}

/** The notifier runs between the lookup of the host page and mmu_lock. */
export const faultIsRetriedForANotifier: Witness<Kvm> = {
  kind: 'witness',
  id: 'fault-is-retried-for-a-notifier',
  aliases: [],
  title: 'A page fault is about to take mmu_lock with a host page that no longer backs the gfn.',
  reference: 'mmu_invalidate_retry_gfn()',
  seen: (kvm, at) =>
    all(kvm.vcpu).some((v) => {
      const { pfn, gpte } = kvm.vcpu[v].fault
      return at.vcpu[v] === 'PF/PF.11' && kvm.host_pte[gfn_to_hva(kvm, gpte[0].to as number)] !== pfn
    }),
}

/** The point of question seed-001: a notifier can still reach the memslot that is being deleted. */
export const notifierFindsAnInvalidSlot: Witness<Kvm> = {
  kind: 'witness',
  id: 'notifier-finds-an-invalid-slot',
  aliases: [],
  title: 'A notifier looks up the memslot of a page and finds it flagged INVALID.',
  reference: '__kvm_handle_hva_range(); question seed-001',
  seen: (kvm, at) =>
    all(kvm.notifier).some((n) => {
      const { gfn } = kvm.notifier[n]
      return at.notifier[n] === 'NS.3' && gfn !== null && slot_found(kvm, gfn) === 'invalid'
    }),
}

export const faultFindsAnInvalidSlot: Witness<Kvm> = {
  kind: 'witness',
  id: 'fault-finds-an-invalid-slot',
  aliases: [],
  title: 'A page fault finds the memslot of its gfn flagged INVALID.',
  reference: 'kvm_faultin_pfn(), e0c378684b65 (v5.13)',
  seen: (kvm, at) =>
    all(kvm.vcpu).some((v) => at.vcpu[v] === 'PF/PF.8' && kvm.vcpu[v].fault.slot === 'invalid'),
}

export const notifierRunsInALockBreak: Witness<Kvm> = {
  kind: 'witness',
  id: 'notifier-runs-in-a-lock-break',
  aliases: [],
  title: 'A notifier holds mmu_lock while the zap of a memslot has dropped it between two gfns.',
  reference: 'cond_resched_rwlock_write() in __walk_slot_rmaps()',
  seen: (kvm, at) => kvm.mmu_lock === 'notifier' && at.memslot[0] === 'SL.5/ZS.2 yield/relock',
}

export const mmioSpteIsHonoured: Witness<Kvm> = {
  kind: 'witness',
  id: 'mmio-spte-is-honoured',
  aliases: [],
  title: 'A page fault hits an MMIO SPTE of the current generation.',
  reference: 'handle_mmio_page_fault()',
  seen: (kvm, at) => hits_mmio_spte(kvm, at, true),
}

export const mmioSpteIsOutOfDate: Witness<Kvm> = {
  kind: 'witness',
  id: 'mmio-spte-is-out-of-date',
  aliases: [],
  title: 'A page fault hits an MMIO SPTE of an older generation.',
  reference: 'handle_mmio_page_fault()',
  seen: (kvm, at) => hits_mmio_spte(kvm, at, false),
}

/** Only the lock bit of the rmap keeps the SPTE from being freed. */
export const agingHoldsBackAZap: Witness<Kvm> = {
  kind: 'witness',
  id: 'aging-holds-back-a-zap',
  aliases: [],
  title:
    'A shadow page is about to be zapped while aging walks one of its SPTEs under the rmap lock, without mmu_lock.',
  reference: 'kvm_rmap_lock(), kvm_rmap_lock_readonly() (v6.15)',
  seen: (kvm, at) =>
    all(kvm.aging).some((a) => {
      const { locked, sp } = kvm.aging[a]
      return locked && all(kvm.zapper).some((z) => at.zapper[z] === 'ZAP.2' && kvm.zapper[z].sp === sp)
    }),
}

function hits_mmio_spte(kvm: Kvm, at: Counters, fresh: boolean): boolean {
  return all(kvm.vcpu).some((v) => {
    const { root, gva } = kvm.vcpu[v]
    if (at.vcpu[v] !== 'PF/PF.1' || root === null) return false
    const { spte } = kvm.page[root]
    const { kind, gen } = spte[gva % spte.length]
    return kind === 'mmio' && check_mmio_spte(kvm, gen) === fresh
  })
}
