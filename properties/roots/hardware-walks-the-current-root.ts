import type { Invariant } from '../../model/language/property.ts'
import type { Bounds } from '../../model/memory/bounds.ts'
import type { Kvm } from '../../model/memory/kvm.ts'
import { all, in_guest } from '../primitives/guest-mode.ts'

export const hardwareWalksTheCurrentRoot: Invariant<Kvm> = {
  kind: 'invariant',
  id: 'hardware-walks-the-current-root',
  aliases: [],
  title: 'In the guest, the hardware walks the root that KVM takes for the current one (mmu->root).',
  when: 'while a vCPU runs guest code',
  reference: 'kvm_mmu_load_pgd() in kvm_mmu_load(), and KVM_REQ_LOAD_MMU_PGD of kvm_mmu_new_pgd()',
  consequence:
    'The guest runs in the address space that it has left; its faults are fixed in tables that the CPU does not walk.',
  judgedWhere: ({ requests }: Bounds) => requests.hardwareRoot,
  given: (kvm, at) => all(kvm.vcpu).some((v) => in_guest(at, v)),
  holds: (kvm, at) =>
    all(kvm.vcpu).every((v) => !in_guest(at, v) || kvm.vcpu[v].hw_root[0] === kvm.vcpu[v].root),
}
