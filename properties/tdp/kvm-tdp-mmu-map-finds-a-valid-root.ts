import { isAt, places } from '../../model/language/places.ts'
import type { Invariant } from '../../model/language/property.ts'
import type { Bounds } from '../../model/memory/bounds.ts'
import type { Kvm } from '../../model/memory/kvm.ts'
import { all } from '../primitives/guest-mode.ts'

/** From the first read of the walk to the cmpxchg. */
const MAPS = places((path) => /^TDP\/(WALK\.|P1[012]$)/.test(path))

export const kvmTdpMmuMapFindsAValidRoot: Invariant<Kvm> = {
  kind: 'invariant',
  id: 'kvm-tdp-mmu-map-finds-a-valid-root',
  aliases: [],
  title: 'kvm_tdp_mmu_map() runs on a root that is not invalid.',
  when: 'while a vCPU is in kvm_tdp_mmu_map()',
  reference: 'KVM_MMU_WARN_ON(!root || root->role.invalid) in kvm_tdp_mmu_map(); is_page_fault_stale()',
  consequence: 'The fault sets SPTEs in a tree that is being zapped, or was.',
  judgedWhere: ({ tdp }: Bounds) => tdp.on,
  given: (kvm, at) => all(kvm.vcpu).some((v) => isAt(at.vcpu, v, MAPS)),
  holds: (kvm, at) =>
    all(kvm.vcpu).every((v) => {
      if (!isAt(at.vcpu, v, MAPS)) return true
      const { root } = kvm.vcpu[v]
      return root !== null && !kvm.page[root].role_invalid
    }),
}
