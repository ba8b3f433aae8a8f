import { type SurvivingMutant, survives } from './survival.ts'

const redundant = survives('redundant')
const precision = survives('precision')
const independent = survives('independent')
const bounds = survives('bounds')
const unjudged = survives('unjudged')

/** Statements that can change places without a property noticing; `mmucheck mutate --only swap` fails when one is missing. */
export const survivingSwaps: readonly SurvivingMutant[] = [
  // Roots
  ...independent(
    'The root of the hardware and the TLB are those of the vCPU, which is outside of the guest meanwhile; mmu_lock protects neither.',
    'LOAD.6 before LOAD.4 in kvm_mmu_load()',
    'LOAD.7 before LOAD.6 in kvm_mmu_load()',
  ),
  ...independent(
    'Both are tests that end the fault. The order decides only which of them does, and whether the request is made now or at the retry.',
    'FETCH.2 before FETCH.1 in paging64_fetch()',
  ),

  // Flushes
  ...precision(
    'The commit leaves the list empty, so that a flush is made though the commit has made one.',
    'FETCH.6 commit before FETCH.6 list in kvm_mmu_remote_flush_or_zap()',
    'commit before list in kvm_mmu_remote_flush_or_zap()',
  ),
  ...precision(
    'The flush comes before the test whether it is needed, and always.',
    'kvm_flush_remote_tlbs before test in __walk_slot_rmaps()',
    'flush before SA.5 test in kvm_vm_set_mem_attributes()',
  ),
  ...bounds(
    'The only vCPU is the one that makes the flush: it services the request before it enters the guest again, and so after the SPTE is dropped.',
    'GET.0 flush before GET.0 test in validate_direct_spte()',
  ),
  ...precision(
    'The flush is made while mmu_lock is still held.',
    'DL.5 before DL.4 in kvm_clear_dirty_log_protect()',
    'DE.7 before DE.6 in kvm_mmu_slot_apply_flags()',
  ),

  // Faults
  ...independent(
    'mmu_unsync_pages_lock is held around both, and a fault that changes either takes it.',
    'UN.2 read count before UN.2 set bit in mark_unsync()',
  ),
  ...precision(
    'The host page is looked up before the memslot is tested, and given up if that is going away.',
    'P7 before PF.8 in kvm_mmu_faultin_pfn()',
  ),
  ...independent(
    'No memslot is looked up between the end of the SRCU section and the release of mmu_lock.',
    'PRE.end before PRE.fixed in kvm_arch_vcpu_pre_fault_memory()',
  ),
  ...bounds(
    'No other user holds a reference in the base; designs add some.',
    'DV before CL.1 in kvm_put_kvm()',
  ),

  // Memslots
  ...bounds(
    'vCPUs are kicked to look at the memslot of the steal time area, which no scenario has.',
    'SC.4 kick before SC.3 in kvm_swap_active_memslots()',
    'SC.4 before SC.4 kick in kvm_swap_active_memslots()',
    'SL.4 kick before SL.3 in kvm_swap_active_memslots()',
    'SL.6 kick before SL.6 wait in kvm_swap_active_memslots()',
    'SL.4 before SL.4 kick in kvm_swap_active_memslots()',
    'SL.6 gen before SL.6 kick in kvm_swap_active_memslots()',
    'DE.3 kick before DE.3 in kvm_swap_active_memslots()',
  ),
  ...independent(
    'The generation is computed in a local variable: readers see it when it is stored (SC.4).',
    'SC.4 gen before SC.3 in kvm_swap_active_memslots()',
  ),
  ...precision(
    'The generation that is not advanced yet counts as wrapped, and everything is zapped.',
    'SC.4 updated before SC.4 gen in kvm_swap_active_memslots()',
  ),
  ...independent(
    'mmu_lock is dropped before the next frame is chosen instead of after it, and nothing that it protects decides which one is next.',
    'ZS.2 yield before ZS.2 next in __walk_slot_rmaps()',
    'ZS.4 yield before ZS.4 next in kvm_mmu_zap_memslot_pages_and_flush()',
  ),
  ...redundant(
    'Each frame is write-protected under mmu_lock, wherever that is dropped between them, and the flush comes after the last.',
    'DE.5 yield before DE.5 in kvm_mmu_slot_remove_write_access()',
    'DE.5[2] before DE.5 yield in kvm_mmu_slot_remove_write_access()',
  ),
  ...bounds(
    'The rest of the walk runs without mmu_lock, and no thread of the scenario takes it for write.',
    'relock before unlock in tdp_mmu_iter_cond_resched()',
  ),

  // Memory attributes
  ...redundant(
    'mmu_lock is held around both. Who reads without it is the first retry test, which is repeated under it.',
    'SA.4 before SA.3 in kvm_pre_set_memory_attributes()',
    'SA.8 count before SA.8 seq in kvm_mmu_invalidate_end()',
  ),
  ...precision(
    'The attribute is stored under mmu_lock, which it does not need: the invalidation in progress keeps faults away.',
    'SA.7 before SA.6 in kvm_vm_set_mem_attributes()',
    'SA.8 lock before SA.7 in kvm_vm_set_mem_attributes()',
  ),

  // The dirty log
  ...redundant(
    'A store between the clearing of the bit and the write protection is in the copy, which userspace makes after the flush.',
    'DLC.1 before DL.2 in kvm_clear_dirty_log_protect()',
  ),

  // guest_memfd
  ...unjudged(
    'GR.3 finds the slot and writes to it in one step, so that the slot is not freed in between; and that GS.5 reads slot->gmem.file again, which the release has set to NULL without slots_lock, is not judged.',
    'GR.3 before GR.2 in kvm_gmem_release()',
  ),
  ...redundant(
    'slots_lock is held, and the release of the file, which frees the bindings, waits for it: a reference is not needed to remove the binding.',
    'GS.6 before GS.5 in kvm_gmem_unbind()',
  ),

  // pfn caches
  ...unjudged(
    'mmu_seq is read before, and tested after, as it was. hva_to_pfn() may sleep; that it must not be called with gpc->lock held is not judged.',
    'GU.9 before GU.8 in hva_to_pfn_retry()',
    'GU.10 before GU.9 in hva_to_pfn_retry()',
    'GA.9 before GA.8 in hva_to_pfn_retry()',
    'GA.10 before GA.9 in hva_to_pfn_retry()',
  ),
  ...independent(
    'A cache that is on the list before refresh_lock is taken is not active: no refresh makes it valid, and a notifier finds nothing to invalidate.',
    'GA.2 before GA.1 in kvm_gpc_activate()',
  ),
  ...redundant(
    'The cache is not on the list yet, but refresh_lock is held, so that no refresh makes it valid before it is.',
    'GA.3 before GA.2 in kvm_gpc_activate()',
  ),
  ...redundant(
    'The deactivation has made the cache invalid, and refresh_lock, which is held, keeps every other refresh away: it is invalid before gpc->lock is taken, and after it is dropped.',
    'GA.6 before GA.5 in kvm_gpc_refresh()',
    'GA.8 before GA.7 in hva_to_pfn_retry()',
  ),
  ...redundant(
    'Who sees so early that the cache is not active waits for refresh_lock. The page stays until gpc->lock is taken for write, when no user is left.',
    'GD.4 before GD.3 in kvm_gpc_deactivate()',
  ),
  ...independent('gpc->lock is held for write around both.', 'GD.5 before GD.4 in kvm_gpc_deactivate()'),
  ...redundant(
    'The cache is not active when gpc->lock is dropped: a user finds that (GU.2), and then waits for refresh_lock. v6.1 forgets the page there, too.',
    'GD.6 before GD.5 in kvm_gpc_deactivate()',
  ),
  ...unjudged(
    'The cache is invalid when it leaves the list, with gpc->lock held or not. The lock of the list (kvm->gpc_lock), inside which notifiers take gpc->lock, is left out, and so is the deadlock.',
    'GD.7 before GD.6 in kvm_gpc_deactivate()',
  ),

  // Tags of TLB entries
  ...unjudged(
    'The vCPU gets an ASID of the generation that ends right afterwards, so that every run begins another, with a flush; that a vCPU which runs has an ASID of the current generation is not judged.',
    'SV.3 before SV.2 in new_asid()',
  ),
]
