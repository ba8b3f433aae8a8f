import type { Invariant } from '../../model/language/property.ts'
import type { Kvm } from '../../model/memory/kvm.ts'
import { all } from '../primitives/guest-mode.ts'
import { leaf_below, usable_tlb } from './mappings.ts'

/** Zapping below a root that all vCPUs were made to leave owes no flush: none is in the guest on it. */
export const noFlushDebtAtUnlock: Invariant<Kvm> = {
  kind: 'invariant',
  id: 'no-flush-debt-at-unlock',
  aliases: ['I-14'],
  title:
    'While mmu_lock is free, every usable TLB entry of a vCPU in the guest matches a leaf SPTE below its root.',
  when: 'while mmu_lock is free',
  reference: 'kvm_flush_remote_tlbs() before write_unlock(&kvm->mmu_lock)',
  consequence: 'The next zap finds no SPTE, assumes that no TLB caches the page, and skips the flush.',
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
