import type { ActionProperty } from '../../model/language/property.ts'
import type { Kvm } from '../../model/memory/kvm.ts'
import { all } from '../primitives/guest-mode.ts'
import { changes_sptes, type SpteChange, spte_changes } from './spte-changes.ts'

export const mmuSpteUpdateKeepsThePfn: ActionProperty<Kvm> = {
  kind: 'action',
  id: 'mmu-spte-update-keeps-the-pfn',
  aliases: ['I12'],
  title: 'A leaf SPTE never becomes a leaf SPTE of another host page in one store.',
  when: 'whenever a step changes a present leaf SPTE',
  reference: 'WARN_ON_ONCE(spte_to_pfn(old_spte) != spte_to_pfn(new_spte)) in mmu_spte_update()',
  consequence: 'TLBs keep the old page, and nothing asks for a flush.',
  given: (before, { path }, after) =>
    changes_sptes(path) &&
    all(before.page).some((p) => all(before.page[p].spte).some((i) => stays_leaf(before, after, p, i))),
  holds: (before, { path }, after) =>
    !changes_sptes(path) || spte_changes(before, after).every((change) => !is_other_page(change)),
}

function stays_leaf(before: Kvm, after: Kvm, page: number, index: number): boolean {
  return before.page[page].spte[index].kind === 'leaf' && after.page[page].spte[index].kind === 'leaf'
}

function is_other_page({ old, now }: SpteChange): boolean {
  return old.kind === 'leaf' && now.kind === 'leaf' && old.pfn !== now.pfn
}
