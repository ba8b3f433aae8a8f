import type { ActionProperty } from '../../model/language/property.ts'
import type { Kvm } from '../../model/memory/kvm.ts'

export const kvmMmuInvalidateEndFindsARange: ActionProperty<Kvm> = {
  kind: 'action',
  id: 'kvm-mmu-invalidate-end-finds-a-range',
  aliases: [],
  title: 'Between the start and the end of an invalidation at least one range was added.',
  when: 'whenever an invalidation ends (NE.1)',
  reference: 'WARN_ON_ONCE(kvm->mmu_invalidate_range_start == INVALID_GPA) in kvm_mmu_invalidate_end()',
  consequence: 'Faults on the gfns that are invalidated were not retried.',
  given: (_before, { path }) => path === 'NE.1 count',
  holds: (before, { path }) => path !== 'NE.1 count' || !before.mmu_invalidate.range.isEmpty(),
}
