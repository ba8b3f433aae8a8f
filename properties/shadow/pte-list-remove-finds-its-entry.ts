import type { ActionProperty } from '../../model/language/property.ts'
import type { Kvm } from '../../model/memory/kvm.ts'
import { is_tdp_mmu_page, spte_gfn } from '../../model/memory/shadow/shadow-page.ts'
import { changes_sptes, type SpteChange, spte_changes } from './spte-changes.ts'

export const pteListRemoveFindsItsEntry: ActionProperty<Kvm> = {
  kind: 'action',
  id: 'pte-list-remove-finds-its-entry',
  aliases: [],
  title:
    'A present SPTE that is cleared is on the list that it is taken off: the rmap of its gfn, or parent_ptes of its child.',
  when: 'whenever a present SPTE is cleared',
  reference: 'pte_list_remove(): BUG() in 6.1, KVM_BUG_ON_DATA_CORRUPTION() in 6.12 and 7.2',
  consequence:
    'The entry is on another list and outlives the shadow page; the kernel stops the VM or the host.',
  given: (before, { path }, after) =>
    changes_sptes(path) && spte_changes(before, after).some((change) => is_removed(before, change)),
  holds: (before, { path }, after) =>
    !changes_sptes(path) ||
    spte_changes(before, after).every((change) => !is_removed(before, change) || is_listed(before, change)),
}

/** The SPTE was on a list and is cleared. SPTEs of the TDP MMU are on none. */
function is_removed(before: Kvm, { page, old, now }: SpteChange): boolean {
  if (now.kind !== 'none') return false
  return old.kind === 'non-leaf' || (old.kind === 'leaf' && !is_tdp_mmu_page(before, page))
}

function is_listed(before: Kvm, { page, index, old }: SpteChange): boolean {
  if (old.kind === 'non-leaf') return before.page[old.child as number].parent_ptes[page].has(index)
  return before.rmap[spte_gfn(before, page, index) as number][page].has(index)
}
