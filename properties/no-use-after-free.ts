import type { FaultFreedom } from '../model/language/property.ts'

export const noUseAfterFree: FaultFreedom = {
  kind: 'fault',
  id: 'no-use-after-free',
  aliases: ['I17'],
  title: 'Nobody follows a pointer into a shadow page, a descriptor or a memslot that was freed.',
  when: 'always',
  reference: 'kvm_zap_rmap(), rmap_remove(), kvm_free_memslot(), kvm_mmu_free_shadow_page()',
  consequence: 'The kernel reads or writes memory that belongs to somebody else.',
}
