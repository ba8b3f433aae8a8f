import type { Invariant } from '../../model/language/property.ts'
import type { Kvm } from '../../model/memory/kvm.ts'
import { accounted_pages } from '../../model/memory/shadow/write-tracking.ts'
import { all } from '../primitives/guest-mode.ts'

export const shadowedTablesAreCounted: Invariant<Kvm> = {
  kind: 'invariant',
  id: 'shadowed-tables-are-counted',
  aliases: ['I-20'],
  title:
    'indirect_shadow_pages counts the shadow pages of guest tables that are not zapped; gfn_write_track[] counts those above level 1, by gfn.',
  when: 'while mmu_lock is free',
  reference: 'account_shadowed(), unaccount_shadowed()',
  consequence: 'KVM misses writes to a guest table, or a gfn stays write-protected forever.',
  judgedWhere: () => true,
  given: (kvm) => kvm.mmu_lock === 'free',
  holds: (kvm) => {
    const pages = accounted_pages(kvm)
    return (
      kvm.indirect_shadow_pages === pages.length &&
      all(kvm.gfn_write_track).every(
        (gfn) =>
          kvm.gfn_write_track[gfn] ===
          pages.filter((p) => kvm.page[p].gfn === gfn && kvm.page[p].level > 1).length,
      )
    )
  },
}
