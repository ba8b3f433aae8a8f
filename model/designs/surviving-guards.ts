import { type SurvivingMutant, survives } from './survival.ts'

const redundant = survives('redundant')
const precision = survives('precision')
const bounds = survives('bounds')
const unjudged = survives('unjudged')
const model = survives('model')

/**
 * Tests that can have one answer always without a property noticing; `mmucheck mutate --only guard` fails when one is
 * missing. Those that have that answer anyway, in every scenario, need no entry.
 */
export const survivingGuards: readonly SurvivingMutant[] = [
  // Shadow pages
  ...unjudged(
    'Nothing is reclaimed: the quota is exceeded, which no property forbids.',
    'MP.1 always true in make_mmu_pages_available()',
    'MP.2 always true in kvm_mmu_zap_oldest_mmu_pages()',
  ),
  ...precision(
    'All pages that can be reclaimed are, not only enough of them.',
    'MP.3 never true in kvm_mmu_zap_oldest_mmu_pages()',
  ),
  ...precision(
    'The walk only resets the counts of detect_write_flooding(), and now fewer of them.',
    'LW.3 never true in shadow_page_table_clear_flood()',
  ),
  ...bounds(
    'Where guest tables change memslots, no vCPU finds a page that is unsync when it looks for one.',
    'GET.4 always true (test 1) in kvm_sync_page()',
    'GET.4 never true (test 1) in kvm_sync_page()',
    'GET.4 always true (test 2) in kvm_sync_page()',
    'GET.4 never true (test 2) in kvm_sync_page()',
  ),
  ...redundant(
    'GET.1 refuses a child of another role, and FETCH.6 replaces it with a flush.',
    'GET.0 test always true in validate_direct_spte()',
  ),
  ...redundant(
    'UN.2 look finds the page again, and marks it, as the lock is held then.',
    'UN.2 recheck always true in mmu_try_to_unsync_pages()',
  ),
  ...bounds(
    'The parents of the marked pages are roots, which have no parent to be marked.',
    'UN.2 count always true in mark_unsync()',
    'UN.2 count never true in mark_unsync()',
  ),
  ...unjudged(
    'The rmap of the model is a set, and rmap-add-finds-no-entry, which notices a second entry, is not judged with aging.',
    'SET.6 never true (test 1) in rmap_add()',
  ),

  // Emulation
  ...precision(
    'The store is emulated, although the page could be unprotected and the guest could retry.',
    'WP.2 never true (test 1) in x86_emulate_instruction()',
    'RT.1 never true in kvm_mmu_unprotect_gfn_and_retry()',
  ),
  ...redundant(
    'The guest retries for nothing, once: the next fault at the address is emulated (last_retry_addr).',
    'RT.1 always true in kvm_mmu_unprotect_gfn_and_retry()',
  ),
  ...unjudged(
    'Every access is emulated as MMIO: that memory is mapped is not judged.',
    'PF.9 error always true in kvm_handle_error_pfn()',
  ),

  // Flushes
  ...precision(
    'A flush although the commit has made one, or although nothing has changed.',
    'list always true in kvm_mmu_remote_flush_or_zap()',
    'test never true in __walk_slot_rmaps()',
    'SA.5 test never true in kvm_vm_set_mem_attributes()',
    'DLC.1 never true in kvm_clear_dirty_log_protect()',
  ),
  ...precision(
    'Obsolete roots are looked for, and not found, although there is no request.',
    'K1 never true in kvm_mmu_reload()',
  ),

  // Asynchronous page faults and the end of a VM
  ...precision(
    'A finished work is looked for although there is no request.',
    'APF.4 check never true in vcpu_enter_guest()',
  ),
  ...unjudged(
    'The work is not completed before the VM ends: that the guest learns of its page is not judged.',
    'APF.4 always true in kvm_check_async_pf_completion()',
  ),
  ...precision(
    'The page is not prefetched: the guest faults on it.',
    'APF.5 always true in kvm_arch_async_page_ready()',
    'APF.7 always true in kvm_arch_async_page_ready()',
  ),
  ...precision(
    'The page is swapped in by the vCPU itself, which neither queues the work nor halts for it.',
    'PF.9 never true (test 3) in kvm_mmu_faultin_pfn()',
    'P7 never true (test 2) in kvm_mmu_faultin_pfn()',
    'P7 never true (test 3) in kvm_mmu_faultin_pfn()',
  ),
  ...unjudged(
    'The SPTE maps no host page, and no property of the only scenario looks at host pages.',
    'P7 always true (test 1) in kvm_mmu_faultin_pfn()',
  ),
  ...unjudged(
    'The #PF of the guest ends as a prefetch does. KVM waits for the work first (APF.10), and that the guest is notified without reason is not judged.',
    'PF.2 inject always true in __kvm_inject_emulated_page_fault()',
  ),
  ...model(
    'In C there is no such test: each MMU has its own page fault handler (mmu->page_fault).',
    'APF.8 never true in kvm_arch_async_page_ready()',
    'RUN.10 always true in vcpu_enter_guest()',
  ),
  ...unjudged(
    'The ioctl is left as an access of the guest would be; that it ends with its address mapped is not judged.',
    'PF.8 never true (test 3) in kvm_mmu_faultin_pfn()',
  ),
  ...bounds(
    'No other user holds a reference in the base; designs add some.',
    'CL.1 always true in kvm_put_kvm()',
  ),
  ...precision(
    'KVM waits for the work (DV.2) instead of finding that there is none, or of cancelling it.',
    'DV.1 never true (test 1) in kvm_clear_async_pf_completion_queue()',
    'DV.1 never true (test 3) in kvm_clear_async_pf_completion_queue()',
  ),
  ...unjudged('Memory is not freed.', 'DV.3 always true in kvm_clear_async_pf_completion_queue()'),
  ...precision(
    'A work that is not there is waited for and freed: both do nothing in the model.',
    'DV.3 never true in kvm_clear_async_pf_completion_queue()',
  ),

  // Aging and the dirty log
  ...unjudged('Accessed bits are left out.', 'AG.3 always true in __rmap_get_first()'),
  ...unjudged(
    'No page is lost, because no bit is cleared either; that a page is eventually reported is not judged.',
    'DLC.1 always true in kvm_clear_dirty_log_protect()',
  ),

  // Halted vCPUs
  ...precision(
    'The vCPU does not sleep: it returns to the guest, or tests again and again whether it can run.',
    'HLT.1 always true in vcpu_block()',
    'HLT.5 always true in kvm_vcpu_block()',
    'HLT.6 without waiting in kvm_vcpu_block()',
  ),
  ...redundant('kvm_vcpu_block() tests again before the vCPU sleeps.', 'HLT.1 never true in vcpu_block()'),

  // guest_memfd
  ...redundant(
    'slots_lock is held until the slot is unbound, and the release of the file, which frees the bindings, waits for it: the reference adds nothing. Holes are not punched, so that nothing takes the lock of the mapping.',
    'GS.5 always true in kvm_gmem_unbind()',
  ),
  ...unjudged(
    'The last reference is put twice. That the file is released for a second time has no step.',
    'GS.5 never true in kvm_gmem_unbind()',
  ),

  // pfn caches
  ...precision(
    'The cache is invalidated for every page that is taken away; its user refreshes it.',
    'NS.2 never true (test 1) in gfn_to_pfn_cache_invalidate_start()',
  ),
  ...unjudged(
    'Every refresh is refused: that the user reaches the page in the end is not judged. Only the witnesses of pfn-cache-notifier are no longer reached.',
    'GU.6 always true (test 1) in kvm_gpc_refresh()',
  ),
  ...precision(
    'The page is looked up once more, although another refresh has made the cache valid.',
    'GU.6 never true (test 2) in kvm_gpc_refresh()',
  ),
  ...redundant(
    'The cache is not valid then, and only a refresh, which needs refresh_lock, makes it valid: who holds gpc->lock finds that it cannot be used, as before.',
    'GA.3 without waiting in kvm_gpc_activate()',
  ),
  ...precision(
    'The activation leaves the cache invalid, and its user refreshes it.',
    'GA.6 always true in kvm_gpc_refresh()',
  ),

  // Posted interrupts
  ...unjudged(
    'The vector stays in PIR; that an interrupt arrives is judged only where it is not posted.',
    'PS.3 never true in __kvm_apic_update_irr()',
  ),
]
