import type { Invariant } from '../../model/language/property.ts'
import type { Bounds } from '../../model/memory/bounds.ts'
import type { Kvm } from '../../model/memory/kvm.ts'
import { all, in_guest } from '../primitives/guest-mode.ts'

export const noTlbEntryOfAFreedRoot: Invariant<Kvm> = {
  kind: 'invariant',
  id: 'no-tlb-entry-of-a-freed-root',
  aliases: ['I4'],
  title: 'The TLB of a vCPU in the guest holds no translation cached below a root that was freed.',
  when: 'always',
  reference: 'kvm_mmu_commit_zap_page(): kvm_flush_remote_tlbs() before kvm_mmu_free_shadow_page()',
  consequence: 'The guest keeps reaching memory through page tables that no longer exist.',
  judgedWhere: ({ guest }: Bounds) => guest.gvas > 0,
  given: (kvm, at) =>
    all(kvm.vcpu).some((v) => in_guest(at, v) && [...kvm.vcpu[v].tlb].some((entry) => entry.root !== null)),
  holds: (kvm, at) =>
    all(kvm.vcpu).every(
      (v) =>
        !in_guest(at, v) ||
        [...kvm.vcpu[v].tlb].every(({ root }) => root === null || kvm.page[root].list !== 'free'),
    ),
}
