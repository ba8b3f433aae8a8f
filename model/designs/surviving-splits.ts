import { type SurvivingMutant, survives } from './survival.ts'

const redundant = survives('redundant')
const independent = survives('independent')
const unjudged = survives('unjudged')

/** Sections that can be split without a property noticing; `mmucheck mutate --only section` fails when one is missing. */
export const survivingSplits: readonly SurvivingMutant[] = [
  ...unjudged(
    'Another vCPU may take the page that was made available, so that the quota is exceeded by one page, which no property forbids. The role that is computed before is that of the vCPU.',
    'LOAD.1 and LOAD.4 split before LOAD.2 in kvm_mmu_load()',
  ),
  ...redundant(
    'A fault that finds sp->unsync set does not take mmu_unsync_pages_lock anyway, and can pass at this point with the lock held, too.',
    'UN.2 lock and UN.2 unlock split before UN.2 test bit in mark_unsync()',
  ),
  ...independent(
    'The bit of the child and the count are each changed in one section, as before.',
    'UN.2 lock and UN.2 unlock split before UN.2 read count in mark_unsync()',
  ),
  ...redundant(
    'What a fault maps meanwhile is below a root that is invalidated right afterwards, before the request is sent.',
    'ZF.1 and ZF.7 split before ZF.3 in kvm_tdp_mmu_invalidate_roots()',
  ),
  ...redundant(
    'KVM drops the lock there itself if it must: only W is cleared, and the flush comes after the last frame.',
    'DE.4 and DE.6 split before DE.5 yield in kvm_mmu_slot_remove_write_access()',
    'DE.4 and DE.6 split before DE.5[1] in wrprot_gfn_range()',
    'DE.4 and DE.6 split before DE.5[2] in kvm_mmu_slot_remove_write_access()',
  ),
  ...redundant(
    'The frame is unmapped in the next section, with whatever was mapped meanwhile, and before its attribute changes.',
    'SA.2 lock and SA.6 split before SA.3 in kvm_pre_set_memory_attributes()',
    'SA.2 lock and SA.6 split before SA.4 in kvm_pre_set_memory_attributes()',
  ),
  ...redundant(
    'Faults retry until the count is back, as well as after the sequence count has advanced.',
    'SA.8 lock and SA.9 split before SA.8 count in kvm_mmu_invalidate_end()',
  ),
  ...redundant(
    'A refresh that gets in finds that the cache is not active (GU.6).',
    'GA.1 and GA.13 split before GA.3 in kvm_gpc_activate()',
    'GD.2 and GD.8 split before GD.7 in kvm_gpc_deactivate()',
  ),
  ...redundant(
    'The cache is active and on the list: a refresh that gets in does what the activation is about to do, which finds the cache valid then (GA.6).',
    'GA.1 and GA.13 split before GA.5 in kvm_gpc_refresh()',
  ),
  ...unjudged(
    'Another refresh may look up the page meanwhile, and both find the same one, as both test the counts. That the cache is not valid when a refresh takes gpc->lock again (a WARN_ON_ONCE() of hva_to_pfn_retry()) is not judged, nor that each mapping (khva) is undone once.',
    'GA.1 and GA.13 split before GA.9 in hva_to_pfn_retry()',
    'GA.1 and GA.13 split before GA.10 in hva_to_pfn_retry()',
  ),
  ...redundant(
    'refresh_lock is held: only a notifier changes the cache meanwhile, which makes it invalid, as the next statement does.',
    'GU.5 and GU.8 split before GU.7 in hva_to_pfn_retry()',
    'GA.5 and GA.8 split before GA.7 in hva_to_pfn_retry()',
  ),
  ...redundant(
    'A user who takes gpc->lock meanwhile finds that the cache is not active, and a refresh waits for refresh_lock.',
    'GD.3 and GD.6 split before GD.5 in kvm_gpc_deactivate()',
  ),
]
