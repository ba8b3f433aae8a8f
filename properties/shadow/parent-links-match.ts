import type { Invariant } from '../../model/language/property.ts'
import type { Bounds } from '../../model/memory/bounds.ts'
import type { Kvm } from '../../model/memory/kvm.ts'
import { is_tdp_mmu_page } from '../../model/memory/shadow/shadow-page.ts'
import { all } from '../primitives/guest-mode.ts'

export const parentLinksMatch: Invariant<Kvm> = {
  kind: 'invariant',
  id: 'parent-links-match',
  aliases: ['I-4'],
  title:
    'A non-leaf SPTE of the shadow MMU points to a shadow page if and only if it is on parent_ptes of that page.',
  when: 'while mmu_lock is free',
  reference: 'link_shadow_page(), drop_parent_pte(); sp->parent_ptes',
  consequence: 'Zapping a page leaves a non-leaf SPTE to it behind, or follows a pointer into a freed page.',
  judgedWhere: ({ shadow }: Bounds) => shadow.levels > 1,
  given: (kvm) => kvm.mmu_lock === 'free' && all(kvm.page).some((p) => kvm.page[p].parent_ptes.length > 0),
  holds: (kvm) =>
    all(kvm.page).every(
      (parent) =>
        is_tdp_mmu_page(kvm, parent) || all(kvm.page).every((child) => links_match(kvm, parent, child)),
    ),
}

function links_match(kvm: Kvm, parent: number, child: number): boolean {
  const { parent_ptes } = kvm.page[child]
  const { spte } = kvm.page[parent]
  for (const i of all(spte)) {
    const entry = spte[i]
    const links = entry.kind === 'non-leaf' && entry.child === child
    // With tables of one level there are no parents to record.
    const listed = parent < parent_ptes.length && parent_ptes[parent].has(i)
    if (links !== listed) return false
  }
  return true
}
