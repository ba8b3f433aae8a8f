import type { ActionProperty } from '../../model/language/property.ts'
import type { Kvm } from '../../model/memory/kvm.ts'
import { guest_walk } from '../../model/memory/primitives/guest-memory.ts'

/**
 * `stale_allowed` is a history variable: the guest has changed a present entry on the walk to the address, and
 * this vCPU has not flushed the address since. An entry that was not present cannot be cached, so the guest
 * need not flush when it makes one present.
 */
export const flushedTranslationIsNotUsed: ActionProperty<Kvm> = {
  kind: 'action',
  id: 'flushed-translation-is-not-used',
  aliases: ['I-19'],
  title:
    'An access uses the translation in the guest page tables, unless the guest has changed them and not flushed the address on this vCPU since.',
  when: 'whenever hardware performs an access',
  reference: 'Intel SDM volume 3, Invalidation of TLBs and Paging-Structure Caches; kvm_mmu_sync_roots()',
  consequence: 'The guest uses a stale translation although it has flushed as the architecture requires.',
  given: (before, step) =>
    is_access(step.kind, step.path) && !before.vcpu[step.self].stale_allowed[before.vcpu[step.self].gva],
  holds: (before, step, after) => {
    const { gva, guest } = before.vcpu[step.self]
    const { pfn } = after.vcpu[step.self].tlb[gva]
    const walk = guest_walk(before, step.self, gva)
    return walk !== null && before.host_pte[walk.gfn] === pfn && (guest !== 'write' || walk.w)
  },
}

const is_access = (kind: string, path: string): boolean =>
  kind === 'vcpu' && (path === 'HW.1' || path === 'HW.3')
