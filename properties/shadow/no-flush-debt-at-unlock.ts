import type { Invariant } from '../../model/language/property.ts'
import type { Bounds } from '../../model/memory/bounds.ts'
import { type Kvm, mmu_lock_is_free } from '../../model/memory/kvm.ts'
import { all } from '../primitives/guest-mode.ts'
import { translation_below, usable_tlb, walked_root } from './mappings.ts'

/**
 * Zapping below a root that all vCPUs were made to leave owes no flush: none is in the guest on it. The dirty log
 * clears W under mmu_lock and flushes after it: until then the SPTE is MMU-writable, and the thread that takes that away
 * flushes, see `rmap_write_protect()`.
 */
export const noFlushDebtAtUnlock: Invariant<Kvm> = {
  kind: 'invariant',
  id: 'no-flush-debt-at-unlock',
  aliases: ['I-14'],
  title:
    'While mmu_lock is free, every usable TLB entry of a vCPU in the guest matches a leaf SPTE below its root, except that the flush for clearing W may be owed while the SPTE is MMU-writable.',
  when: 'while mmu_lock is held neither for write nor for read',
  reference: 'kvm_flush_remote_tlbs() before write_unlock(&kvm->mmu_lock)',
  consequence: 'The next zap finds no SPTE, assumes that no TLB caches the page, and skips the flush.',
  judgedWhere: ({ guest }: Bounds) => guest.gvas > 0,
  given: (kvm, at) => mmu_lock_is_free(kvm) && all(kvm.vcpu).some((v) => usable_tlb(kvm, at, v).length > 0),
  holds: (kvm, at) =>
    !mmu_lock_is_free(kvm) ||
    all(kvm.vcpu).every((v) =>
      usable_tlb(kvm, at, v).every(({ gva, pfn, w }) => {
        const found = translation_below(kvm, walked_root(kvm, at, v, gva) as number, gva)
        return found !== null && found.pfn === pfn && (found.leaf.w || found.leaf.mmuw || !w)
      }),
    ),
}
