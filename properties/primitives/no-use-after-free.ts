import type { OopsFreedom } from '../../model/language/property.ts'

export const noUseAfterFree: OopsFreedom = {
  kind: 'fault',
  id: 'no-use-after-free',
  aliases: ['I17'],
  title: 'KVM does not follow a pointer into a shadow page, rmap descriptor, memslot or vCPU that was freed.',
  when: 'always',
  reference:
    'kvm_zap_rmap(), rmap_remove(), kvm_free_memslot(), kvm_mmu_free_shadow_page(), kvm_destroy_vcpus()',
  consequence: 'The kernel reads or writes memory that has been reused.',
}
