import type { ActionProperty } from '../../model/language/property.ts'
import type { Kvm } from '../../model/memory/kvm.ts'

export const pageGoesUnsyncOnce: ActionProperty<Kvm> = {
  kind: 'action',
  class: 'precision',
  id: 'page-goes-unsync-once',
  aliases: [],
  title: 'A shadow page that is already unsync is not marked unsync again.',
  when: 'whenever a vCPU calls kvm_unsync_page()',
  reference: 'mmu_try_to_unsync_pages(): "Recheck after taking the spinlock"; ce25681d59ff, v5.14',
  consequence: 'Needless work under a spinlock, and kvm->stat.mmu_unsync counts a page twice.',
  given: (_before, step) => step.path.endsWith('/UN.2 set'),
  holds: (before, step) => {
    const { sp } = before.vcpu[step.self].fault.unsync[0]
    return sp === null || !before.page[sp].unsync
  },
}
