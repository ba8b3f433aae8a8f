import type { Invariant } from '../../model/language/property.ts'
import type { Kvm } from '../../model/memory/kvm.ts'
import { all } from '../primitives/guest-mode.ts'
import { leaf_below, usable_tlb } from './mappings.ts'

/** A vCPU that was told to leave its root, and waited for, is not in the guest on it. */
export const noFlushDebtAtUnlock: Invariant<Kvm> = {
  kind: 'invariant',
  id: 'no-flush-debt-at-unlock',
  aliases: ['I-14'],
  title:
    'While mmu_lock is free, every translation that a vCPU in the guest has cached is still in its page tables.',
  when: 'while mmu_lock is free',
  reference: 'kvm_flush_remote_tlbs() before write_unlock(&kvm->mmu_lock)',
  consequence: 'The next zapper finds no SPTE, believes that no TLB has the page either, and does not flush.',
  given: (kvm, at) => kvm.mmu_lock === 'free' && all(kvm.vcpu).some((v) => usable_tlb(kvm, at, v).length > 0),
  holds: (kvm, at) =>
    kvm.mmu_lock !== 'free' ||
    all(kvm.vcpu).every((v) =>
      usable_tlb(kvm, at, v).every(({ gva, pfn, w }) => {
        const leaf = leaf_below(kvm, kvm.vcpu[v].root as number, gva)
        return leaf !== null && leaf.pfn === pfn && (leaf.w || !w)
      }),
    ),
}
