import type { OopsFreedom } from '../../model/language/property.ts'

/** KVM_BUG_ON(!root->role.invalid) of the TDP MMU. */
export const kvmTdpMmuPutRootFindsAnInvalidRoot: OopsFreedom = {
  kind: 'fault',
  id: 'kvm-tdp-mmu-put-root-finds-an-invalid-root',
  aliases: [],
  raisedIn: ['kvm_tdp_mmu_put_root'],
  title: 'The last reference to a root of the TDP MMU is put only after the root was invalidated.',
  when: 'always',
  reference: 'KVM_BUG_ON(!is_tdp_mmu_page(root) || !root->role.invalid, kvm) in kvm_tdp_mmu_put_root()',
  consequence: 'A vCPU that loads a root finds one that is about to be freed, with everything that it maps.',
}

export const kvmTdpMmuZapInvalidatedRootsFindsAnInvalidRoot: OopsFreedom = {
  kind: 'fault',
  id: 'kvm-tdp-mmu-zap-invalidated-roots-finds-an-invalid-root',
  aliases: [],
  raisedIn: ['kvm_tdp_mmu_zap_invalidated_roots'],
  title: 'A root that is scheduled to be zapped is invalid.',
  when: 'always',
  reference: 'KVM_BUG_ON(!root->role.invalid, kvm) in kvm_tdp_mmu_zap_invalidated_roots()',
  consequence: 'The tree that vCPUs use is zapped without a flush.',
}
