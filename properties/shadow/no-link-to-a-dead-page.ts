import type { Invariant } from '../../model/language/property.ts'
import type { Bounds } from '../../model/memory/bounds.ts'
import type { Kvm } from '../../model/memory/kvm.ts'
import { is_tdp_mmu_page } from '../../model/memory/shadow/shadow-page.ts'
import { all } from '../primitives/guest-mode.ts'

export const noLinkToADeadPage: Invariant<Kvm> = {
  kind: 'invariant',
  id: 'no-link-to-a-dead-page',
  aliases: ['I-6'],
  title: 'No non-leaf SPTE points to a shadow page that was zapped or freed.',
  when: 'while mmu_lock is free',
  reference: 'kvm_mmu_unlink_parents(); for_each_valid_sp() skips zapped pages',
  consequence: 'The guest walks page tables that KVM no longer maintains.',
  judgedWhere: ({ shadow }: Bounds) => shadow.levels > 1,
  given: (kvm) => kvm.mmu_lock === 'free' && all(kvm.page).some((p) => kvm.page[p].list !== 'active'),
  holds: (kvm) =>
    all(kvm.page).every((p) =>
      all(kvm.page[p].spte).every((i) => {
        const { kind, child } = kvm.page[p].spte[i]
        if (kind !== 'non-leaf') return true
        const page = kvm.page[child as number]
        if (is_tdp_mmu_page(kvm, p)) return page.list === 'tdp_mmu'
        return page.list === 'active' && !page.role_invalid
      }),
    ),
}
