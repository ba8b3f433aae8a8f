import type { Witness } from '../../model/language/property.ts'
import type { Counters } from '../../model/language/system.ts'
import type { Kvm } from '../../model/memory/kvm.ts'
import { all } from '../primitives/guest-mode.ts'
import { usable_tlb } from '../shadow/mappings.ts'

/** Allowed: userspace copies the page after the flush, so the copy contains the store. */
export const storeComesBeforeTheFlush: Witness<Kvm> = {
  kind: 'witness',
  id: 'store-comes-before-the-flush',
  aliases: [],
  title:
    'A vCPU is about to write through a writable TLB entry to a page whose dirty bit the current pass has cleared.',
  reference: 'kvm_get_dirty_log_protect(): xchg(dirty_bitmap, 0) first, TLB flush last',
  seen: (kvm, at) =>
    kvm.dirtylog[0].dirty_bitmap_buffer
      .elements()
      .some((gfn) => !kvm.dirty_bitmap.has(gfn) && writes_through_tlb(kvm, at, gfn)),
}

function writes_through_tlb(kvm: Kvm, at: Counters, gfn: number): boolean {
  return all(kvm.vcpu).some((v) => {
    const { guest, gva } = kvm.vcpu[v]
    if (guest !== 'write') return false
    return usable_tlb(kvm, at, v).some((t) => t.w && t.gva === gva && t.pfn === kvm.host_pte[gfn])
  })
}

export const pageIsWrittenAgain: Witness<Kvm> = {
  kind: 'witness',
  id: 'page-is-written-again',
  aliases: [],
  title: 'After the last pass, the guest has written a page that userspace has not copied since.',
  reference: 'the next KVM_GET_DIRTY_LOG must report the page',
  seen: (kvm, at) => at.dirtylog[0] === 'idle' && kvm.dirtylog[0].left === 0 && !kvm.uncopied.isEmpty(),
}

/** Harmless: the fault handler sets the bit before the vCPU can be stopped for the final pass. */
export const pageIsWrittenBeforeItsBitIsSet: Witness<Kvm> = {
  kind: 'witness',
  id: 'page-is-written-before-its-bit-is-set',
  aliases: [],
  title: 'After the last pass, the guest has written a page whose dirty bit is not set yet.',
  reference: 'fast_pf_fix_direct_spte(): cmpxchg, then mark_page_dirty_in_slot()',
  seen: (kvm, at) =>
    at.dirtylog[0] === 'idle' &&
    kvm.dirtylog[0].left === 0 &&
    kvm.uncopied.elements().some((gfn) => !kvm.dirty_bitmap.has(gfn)),
}

/** As far as the log knows, the page is written: the SPTE is writable, and no fault follows. */
export const readMarksAPageDirty: Witness<Kvm> = {
  kind: 'witness',
  id: 'read-marks-a-page-dirty',
  aliases: [],
  title: 'A read fault has set the dirty bit of the page that it is about to map writable.',
  reference: 'make_spte(): mark_page_dirty_in_slot() if PT_WRITABLE_MASK is set',
  seen: (kvm, at) =>
    all(kvm.vcpu).some((v) => {
      const { guest, fault } = kvm.vcpu[v]
      return at.vcpu[v] === 'PF/SET.4' && guest === 'read' && kvm.dirty_bitmap.has(fault.gpte[0].to as number)
    }),
}

export const largeSpteIsDropped: Witness<Kvm> = {
  kind: 'witness',
  id: 'large-spte-is-dropped',
  aliases: [],
  title: 'A page fault that must install a page table finds a large SPTE in its place.',
  reference: 'drop_large_spte(); 404381c5839d, v3.14',
  seen: (kvm, at) =>
    all(kvm.vcpu).some((v) => {
      const { sp, gpte } = kvm.vcpu[v].fault
      if (!at.vcpu[v].endsWith('/FETCH.6 test') || sp === null) return false
      return gpte.length > 1 && kvm.page[sp].spte[0].kind === 'leaf'
    }),
}

export const faultMapsAPageWithoutTheLog: Witness<Kvm> = {
  kind: 'witness',
  id: 'fault-maps-a-page-without-the-log',
  aliases: [],
  title:
    'A write fault that looked up its memslot before dirty logging was enabled installs its SPTE after that.',
  reference: 'kvm_swap_active_memslots(): synchronize_srcu() before kvm_mmu_slot_apply_flags()',
  seen: (kvm, at) =>
    kvm.dirty_logging &&
    all(kvm.vcpu).some(
      (v) => at.vcpu[v] === 'PF/SET.4' && kvm.vcpu[v].guest === 'write' && !kvm.vcpu[v].fault.slot_logged,
    ),
}

export const faultRunsInABreakOfTheWriteProtection: Witness<Kvm> = {
  kind: 'witness',
  id: 'fault-runs-in-a-break-of-the-write-protection',
  aliases: [],
  title: 'A page fault holds mmu_lock while the write-protection of a slot has dropped it between two gfns.',
  reference: 'cond_resched_rwlock_write() in __walk_slot_rmaps()',
  seen: (kvm, at) =>
    kvm.mmu_lock === 'vcpu' && all(kvm.dirtylog).some((d) => at.dirtylog[d] === 'DE.5 yield/relock'),
}
