import type { ActionProperty } from '../../model/language/property.ts'
import type { Kvm } from '../../model/memory/kvm.ts'
import { changes_sptes, is_present, type SpteChange, spte_changes } from './spte-changes.ts'

export const mmuSpteSetFindsNoPresentSpte: ActionProperty<Kvm> = {
  kind: 'action',
  id: 'mmu-spte-set-finds-no-present-spte',
  aliases: [],
  title: 'A non-leaf or MMIO SPTE is stored only where no SPTE is present.',
  when: 'whenever a non-leaf or MMIO SPTE is stored',
  reference: 'WARN_ON_ONCE(is_shadow_present_pte(*sptep)) in mmu_spte_set()',
  consequence:
    'What the old SPTE was listed for is not undone: its rmap, or parent_ptes of its child, keeps it.',
  given: (before, { path }, after) => changes_sptes(path) && spte_changes(before, after).some(is_set),
  holds: (before, { path }, after) =>
    !changes_sptes(path) ||
    spte_changes(before, after).every((change) => !is_set(change) || !is_present(change.old)),
}

function is_set({ now }: SpteChange): boolean {
  return now.kind === 'non-leaf' || now.kind === 'mmio'
}
