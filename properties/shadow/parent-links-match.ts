import type { Invariant } from '../../model/language/property.ts'
import type { Kvm } from '../../model/memory/kvm.ts'
import { all } from '../primitives/guest-mode.ts'

export const parentLinksMatch: Invariant<Kvm> = {
  kind: 'invariant',
  id: 'parent-links-match',
  aliases: ['I-4'],
  title: 'An SPTE links to a page exactly when it is on the list of parents of that page.',
  when: 'while mmu_lock is free',
  reference: 'link_shadow_page(), drop_parent_pte(); sp->parent_ptes',
  consequence: 'Zapping a page leaves a link to it behind, or follows a pointer into a page that is gone.',
  given: (kvm) => kvm.mmu_lock === 'free',
  holds: (kvm) =>
    all(kvm.page).every((parent) =>
      all(kvm.page).every((child) =>
        all(kvm.page[parent].spte).every((i) => {
          const entry = kvm.page[parent].spte[i]
          const links = entry.kind === 'non-leaf' && entry.child === child
          return links === kvm.page[child].parent_ptes[parent].has(i)
        }),
      ),
    ),
}
