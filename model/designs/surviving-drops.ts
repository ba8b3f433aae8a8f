import { type SurvivingMutant, survives } from './survival.ts'

const redundant = survives('redundant')
const precision = survives('precision')
const bounds = survives('bounds')
const unjudged = survives('unjudged')
const model = survives('model')

/** All of them; `mmucheck mutate --only drop` fails when one is missing, or is noticed after all. */
export const survivingDrops: readonly SurvivingMutant[] = [
  // Roots
  ...precision(
    'Obsolete roots are looked for, and not found, although there is no request.',
    'K1 in vcpu_enter_guest()',
    'K1 in kvm_mmu_reload()',
  ),
  ...precision('vcpu_enter_guest() services the request once more.', 'K2 in kvm_mmu_reload()'),
  ...precision('mmu_lock is taken although there is no root to free.', 'FR.1 in kvm_mmu_free_roots()'),
  ...precision(
    'No root is cached, or none is found: every switch loads one.',
    'NP.3 in cached_root_find_and_keep_current()',
    'NP.6 in cached_root_find_without_current()',
  ),
  ...unjudged(
    'Whether the vCPU runs L2 and which MMU it uses change in the same step: without it the model is that of an L1 that loads CR3.',
    'NEST.1 in nested_ept_init_mmu_context()',
    'NEST.1 in nested_ept_uninit_mmu_context()',
  ),

  // Requests, flushes and zapping
  ...precision(
    'A flush although nothing has changed.',
    'CM.1 in kvm_mmu_commit_zap_page()',
    'NS.6 test in kvm_mmu_notifier_invalidate_range_start()',
    'SA.5 test in kvm_vm_set_mem_attributes()',
    'DL.5 test in kvm_flush_remote_tlbs_memslot()',
    'test in __walk_slot_rmaps()',
    'list in kvm_mmu_remote_flush_or_zap()',
    'test in kvm_mmu_remote_flush_or_zap()',
  ),
  ...precision('A request although no root was zapped.', 'ZAP.9 test in __kvm_mmu_prepare_zap_page()'),
  ...model(
    'It resets local variables that are set again before they are read.',
    'REQ.end in kvm_make_all_cpus_request()',
    'ZF.5 again in kvm_zap_obsolete_pages()',
    'SY.end in mmu_sync_children()',
    'ZS.3 again in kvm_mmu_zap_memslot_pages_and_flush()',
    'SC.5 in kvm_set_memslot()',
    'RX.3 in kvm_unprotect_and_retry_on_failure()',
    'RT.1 in kvm_mmu_unprotect_gfn_and_retry()',
  ),
  ...precision(
    'mmu_lock is held for longer.',
    'ZF.5 unlock in kvm_zap_obsolete_pages()',
    'ZS.2 yield in __walk_slot_rmaps()',
    'ZS.4 yield in kvm_mmu_zap_memslot_pages_and_flush()',
    'DE.5 yield in kvm_mmu_slot_remove_write_access()',
  ),
  ...redundant(
    'An unsync page that has lost its parents is synced by GET.4 when it is found in the hash again.',
    'ZAP.1 in mmu_zap_unsync_children()',
  ),
  ...redundant(
    'The zapped page is unsync, so of level 1, and no root has that level: there is nothing to request.',
    'ZAP.9 in kvm_mmu_find_shadow_page()',
    'ZAP.9 in kvm_sync_page()',
  ),
  ...redundant(
    'The retried fault syncs what is left before it links the table; v6.1 says that the request only expedites that.',
    'SY.5 EINTR in mmu_sync_children()',
  ),
  ...bounds(
    'A root in use is zapped on the way only with the tables of a nested guest, which no scenario with a quota has.',
    'ZAP.9 in kvm_mmu_zap_oldest_mmu_pages()',
  ),
  ...bounds(
    'In the model one page is enough, where the kernel frees several at a time.',
    'MP.3 in kvm_mmu_zap_oldest_mmu_pages()',
  ),
  ...unjudged(
    'The quota is exceeded, which costs memory and nothing else.',
    'LOAD.2 quota in kvm_mmu_load()',
    'PF.13 in paging64_page_fault()',
  ),
  ...unjudged(
    'Memory is not freed.',
    'ZF.6 in kvm_zap_obsolete_pages()',
    'ZAP.2 desc in pte_list_desc_remove_entry()',
    'NS.5 desc in pte_list_desc_remove_entry()',
    'SL.7 in kvm_free_memslot()',
  ),

  // Page faults
  ...redundant(
    'PF.12 asks again under mmu_lock.',
    'PF.8 precheck in mmu_invalidate_retry_gfn_unsafe()',
    'PF.10 in mmu_invalidate_retry_gfn_unsafe()',
  ),
  ...redundant(
    'UN.1 finds that the gfn is tracked, too, and the store is emulated all the same.',
    'PF.4 in page_fault_handle_page_track()',
  ),
  ...precision(
    'The child is looked up in the hash, and found there.',
    'GET.1 test in kvm_mmu_get_child_sp()',
  ),
  ...model('The base copies nothing here; designs do.', 'GET.2 in kvm_mmu_child_role()'),
  ...redundant(
    'GET.1 refuses a child of another role, and FETCH.6 replaces it with a flush.',
    'GET.0 in paging64_fetch()',
    'GET.0 test in validate_direct_spte()',
  ),
  ...bounds(
    'In replaced-nested-table the table that is replaced always loses its last parent, so the list is never empty.',
    'FETCH.6 list in kvm_mmu_remote_flush_or_zap()',
  ),
  ...precision(
    'Large pages are never mapped.',
    'FETCH.7 in kvm_mmu_hugepage_adjust()',
    'FETCH.8 in paging64_fetch()',
  ),
  ...precision(
    'All faults take the slow path.',
    'FPF in direct_page_fault()',
    'FPF in kvm_tdp_mmu_page_fault()',
  ),
  ...redundant('FPF.2 tests in the SPTE itself what may be set.', 'FPF.0 in page_fault_can_be_fast()'),
  ...precision(
    'The vCPU takes the IPI at its next VM-exit, and the sender waits until then.',
    'FPF.6 in walk_shadow_page_lockless_end()',
  ),
  ...precision(
    'The walk only resets the counts of detect_write_flooding().',
    'LW in paging64_page_fault()',
    'LW.3 in shadow_page_table_clear_flood()',
  ),

  // Memory attributes
  ...unjudged(
    'The ioctl changes nothing, and what is mapped fits the old attribute.',
    'SA.7 in kvm_vm_set_mem_attributes()',
  ),

  // KVM_PRE_FAULT_MEMORY
  ...bounds(
    'Between the two sections of kvm->srcu the vCPU neither waits nor looks at memslots.',
    'PRE.exit in vcpu_run()',
    'PRE.run in vcpu_run()',
  ),

  // Stores to guest tables
  ...redundant('IV.4 flushes the TLBs of all CPUs if an SPTE has changed.', 'IV.1 in kvm_mmu_invlpg()'),
  ...unjudged(
    'Shadow pages agree with a table that the store has not reached; whether the guest reads what it has written is not judged.',
    'TR.1 in emulator_write_guest()',
  ),
  ...precision('mmu_lock is taken although no table is shadowed.', 'TR.3 in kvm_mmu_track_write()'),
  ...precision('Every store to the table is emulated.', 'TR.6 flood in kvm_mmu_track_write()'),
  ...bounds(
    'In write-flooding the page that is zapped is a root in use, which is on no list.',
    'TR.6 commit in kvm_mmu_track_write()',
  ),
  ...precision(
    'The frame is unprotected instead of the store emulated, or the other way round.',
    'WP.2 in x86_emulate_instruction()',
    'UP in kvm_mmu_unprotect_gfn_and_retry()',
  ),

  // Asynchronous page faults
  ...redundant(
    'The request comes after the work is on the list (AW.3, AW.4), so the list is not empty.',
    'APF.4 in kvm_check_async_pf_completion()',
  ),
  ...precision('The guest faults on the page itself.', 'APF.8 in kvm_arch_async_page_ready()'),
  ...model('APF.11 resets the entry of the queue as well.', 'APF.9 in kvm_arch_async_page_present()'),
  ...unjudged('Memory is not freed.', 'APF.11 in kvm_check_async_pf_completion()'),
  ...unjudged(
    'Whether the guest hears of pages that are missing or ready is not judged.',
    'APF.2 in kvm_arch_async_page_not_present()',
    'AW.4 in kvm_arch_async_page_present_queued()',
    'AW.5 in kvm_vcpu_kick()',
    'AW.6 in __kvm_vcpu_wake_up()',
  ),
  ...precision('The vCPU faults again and again until the page is there.', 'APF.halted in kvm_vcpu_block()'),
  ...bounds(
    'APF.7 refuses the prefetch if the page directory is another, and within one no mapping goes away here.',
    'PF.2 test in paging64_page_fault()',
  ),

  // The end of a VM
  ...bounds('No other user holds a reference in the base; designs add some.', 'CL.1 in kvm_put_kvm()'),
  ...unjudged(
    'Memory is not freed, or a reference is not dropped.',
    'CLOSE in __fput()',
    'DV in kvm_put_kvm()',
    'DV.5 in kvm_clear_async_pf_completion_queue()',
    'DV.6 in kvm_destroy_vm()',
    'DV.7 in kvm_destroy_vm()',
  ),
  ...precision(
    'KVM waits for the work (DV.2, DV.4) instead of cancelling it.',
    'DV.1 in kvm_clear_async_pf_completion_queue()',
    'DV.3 in kvm_clear_async_pf_completion_queue()',
  ),

  // Memslots and MMIO
  ...redundant(
    'New memslots wait for running invalidations (mn_active_invalidate_count).',
    'NS.3 srcu in kvm_mmu_notifier_invalidate_range_start()',
  ),
  ...bounds(
    'The vCPUs leave the guest to look at the memslot of the steal time area, which no scenario has.',
    'kick in kvm_vcpu_kick()',
  ),
  ...unjudged('Whether a new slot can be used is not judged.', 'SC.2 in kvm_swap_active_memslots()'),
  ...precision(
    'The update stays in progress, so that every MMIO SPTE counts as out of date.',
    'SC.4 in kvm_swap_active_memslots()',
    'SL.4 in kvm_swap_active_memslots()',
  ),
  ...redundant(
    'The generation that is not advanced counts as wrapped, and everything is zapped.',
    'SC.4 gen in kvm_swap_active_memslots()',
  ),
  ...precision('Everything is zapped at every update.', 'SC.4 wrap in kvm_mmu_invalidate_mmio_sptes()'),

  // The TDP MMU
  ...bounds(
    'In the scenarios with both MMUs the root of L1 is there from the start, and stays.',
    'LOAD.tdp in kvm_mmu_load()',
  ),
  ...bounds(
    'mmu_lock is held for read there, and every other thread of the scenario takes it for read, too.',
    'DE.4 in kvm_mmu_slot_remove_write_access()',
    'DE.6 in kvm_mmu_slot_remove_write_access()',
    'unlock in tdp_mmu_iter_cond_resched()',
    'relock in tdp_mmu_iter_cond_resched()',
  ),

  ...redundant(
    'The next pass removes the tables with what is in them (handle_removed_pt()).',
    'level 1 in tdp_mmu_zap_root()',
  ),
  ...unjudged(
    'The pass at level 1 has cleared the SPTEs of the table before; that its memory is freed is not judged.',
    'ZR.2 removed in tdp_mmu_zap_root()',
  ),

  // Halted vCPUs
  ...model('What wakes the vCPU looks at its state only, which HLT.4 sets.', 'HLT.3 in kvm_vcpu_block()'),
  ...redundant('kvm_vcpu_block() tests again before the vCPU sleeps.', 'HLT.1 in vcpu_block()'),
  ...precision(
    'The vCPU does not sleep: it tests again and again whether it can run.',
    'HLT.4 in kvm_vcpu_block()',
    'HLT.6 in kvm_vcpu_block()',
  ),

  // Aging and the dirty log
  ...bounds(
    'The flag is read by the older callers of aging, which designs bring back. Upstream asks whether there are shadow pages.',
    'LOAD.0 rmaps in mmu_first_shadow_root_alloc()',
  ),
  ...bounds(
    'It is one of two ways in which the notifier begins: without it there is less to judge.',
    'AG.1 eviction in kvm_mmu_notifier_clear_young()',
    'AG.1 walk in kvm_mmu_notifier_clear_young()',
  ),
  ...bounds('The rmap has one SPTE.', 'AG.5 in rmap_get_next()'),
  ...unjudged(
    'No page is lost, because no bit is cleared either; that a page is eventually reported is not judged.',
    'DL.1 in kvm_get_dirty_log_protect()',
    'DLG.1 in kvm_get_dirty_log_protect()',
    'DLC.1 in kvm_clear_dirty_log_protect()',
  ),

  // What vCPUs and memslots do besides page faults
  ...unjudged('A deletion that waits for the release for good is a valid end.', 'GR.4 in kvm_gmem_release()'),
  ...bounds('Userspace deletes the memslot anyway.', 'GS.2 in kvm_set_memory_region()'),
  ...bounds('Every memslot of the scenario has guest_memfd.', 'GS.3 in kvm_free_memslot()'),
  ...unjudged(
    'Memory that is never freed is not noticed.',
    'GR.5 in kvm_gmem_release()',
    'GS.8 in kvm_free_memslot()',
  ),
  ...unjudged(
    'No vCPU has an ASID of the current generation, so that none is shared; that a vCPU which runs has one is not judged.',
    'SV.3 in new_asid()',
  ),
  ...bounds('The CPU stays offline, and nothing runs on it.', 'HP.2 in svm_enable_virtualization_cpu()'),
  ...unjudged(
    'The vector stays in PIR; that an interrupt arrives is judged only where it is not posted.',
    'PI.2 in vmx_deliver_posted_interrupt()',
    'PS.3 in __kvm_apic_update_irr()',
  ),
  ...precision('The next look harvests once more.', 'PS.2 in vmx_sync_pir_to_irr()'),
  ...model(
    'One of the two things that the guest may do; the other is left.',
    'PS.5 taken in vmx_sync_pir_to_irr()',
    'PS.5 blocked in vmx_sync_pir_to_irr()',
  ),
  ...bounds(
    'The vCPU is not preempted there.',
    'PT.4 in kvm_steal_time_set_preempted()',
    'PT.4 in an instruction in kvm_steal_time_set_preempted()',
  ),
  ...unjudged(
    'The vCPU reloads the APIC page again and again, or has no address of it.',
    'APIC.2 in vmx_set_apic_access_page_addr()',
    'APIC.3 in vmx_set_apic_access_page_addr()',
  ),
  ...redundant(
    'The request of the notifier, which follows, is serviced before the next entry.',
    'APIC.4 in vmx_set_apic_access_page_addr()',
  ),
  ...precision('A reload although another page is taken away.', 'NS.5 apic test in kvm_unmap_gfn_range()'),
  ...bounds('The cache stays active.', 'GD in kvm_gpc_deactivate()'),
  ...unjudged(
    'Another refresh may look up the page meanwhile, and both find the same one, as both test the counts. That the cache is not valid when a refresh takes gpc->lock again (a WARN_ON_ONCE() of hva_to_pfn_retry()) is not judged, nor that GA.13 releases a mutex that the user holds.',
    'GA.1 in kvm_gpc_activate()',
  ),
  ...precision('The page of the cache is forgotten already.', 'GD.7 in kvm_gpc_deactivate()'),
  ...precision(
    'The cache is refreshed once more, by its user if need be.',
    'GA.6 in kvm_gpc_refresh()',
    'GA.11 in hva_to_pfn_retry()',
  ),
  ...precision('Nothing is recovered.', 'NX.3 in kvm_recover_nx_huge_pages()'),
  ...redundant('The cmpxchg compares again.', 'NX.4 in kvm_tdp_mmu_zap_possible_nx_huge_page()'),
  ...unjudged('Memory that is never freed is not noticed.', 'NX.7 in kvm_recover_nx_huge_pages()'),
]

/** Where drops are noticed that the smallest scenarios do not show: a scenario to search first, by statement. */
export const dropsNoticedIn: Readonly<Record<string, string>> = {
  'PF.12 in is_page_fault_stale()': 'root-zapped-under-fault',
  'RUN.2 in vcpu_enter_guest()': 'unsync-cr3-switch',
  'RUN.8 in vcpu_enter_guest()': 'slot-delete-fault',
  'FETCH.5 in paging64_fetch()': 'write-protect-before-reread',
  'FETCH.6 replace in paging64_fetch()': 'replaced-table',
  'SET.2 test in mmu_set_spte()': 'mapped-to-mmio',
  'SET.5 flush in mmu_set_spte()': 'unsync-two-levels',
  'GET.4 flush in kvm_mmu_find_shadow_page()': 'unsync-table-of-two-roots',
  'SY.4 flush in mmu_sync_children()': 'unsync-order',
  'SY.5 flush in mmu_sync_children()': 'unsync-order',
  'SY.5 yield flush in mmu_sync_children()': 'unsync-two-tables-in-rounds',
  'SY.5 unlock in mmu_sync_children()': 'unsync-two-tables-in-rounds',
  'SY.5 relock in mmu_sync_children()': 'unsync-two-tables-in-rounds',
  'SY.last in mmu_sync_children()': 'unsync-two-tables-in-rounds',
  'flush or zap in kvm_mmu_zap_memslot_pages_and_flush()': 'slot-delete-flush-debt-of-the-last-gfn',
  'TR.1 mark in kvm_vcpu_write_guest()': 'dirty-log-table',
  'TR.6 next in kvm_mmu_track_write()': 'write-flooding',
}
