import type { Invariant } from '../../model/language/property.ts'
import type { Counters } from '../../model/language/system.ts'
import type { Kvm } from '../../model/memory/kvm.ts'
import { roots_of } from '../../model/memory/roots/mmu.ts'
import { all } from '../primitives/guest-mode.ts'

export const kvmMmuUnloadLeavesNoRoot: Invariant<Kvm> = {
  kind: 'invariant',
  id: 'kvm-mmu-unload-leaves-no-root',
  aliases: [],
  title: 'When kvm_mmu_unload() has returned, the vCPU has no root left in either MMU.',
  when: 'when kvm_mmu_reset_context() sets up the context (CR4.1, CR0.1)',
  reference:
    'WARN_ON_ONCE(VALID_PAGE(vcpu->arch.root_mmu.root.hpa)), the same of guest_mmu, in kvm_mmu_unload()',
  consequence: 'A root of the old mode is used in the new one.',
  given: (_kvm, at) => all(at.vcpu).some((v) => is_unloaded(at, v)),
  holds: (kvm, at) =>
    all(kvm.vcpu).every((v) => !is_unloaded(at, v) || roots_of(kvm, v).every((root) => root === null)),
}

/** kvm_mmu_free_roots() has returned, and nothing has happened since. */
function is_unloaded(at: Counters, v: number): boolean {
  return at.vcpu[v] === 'CR4/FR.end' || at.vcpu[v] === 'CR0/FR.end'
}
