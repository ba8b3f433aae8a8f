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
]
