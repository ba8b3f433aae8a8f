import type { ActionProperty } from '../../model/language/property.ts'
import type { Bounds } from '../../model/memory/bounds.ts'
import type { Kvm } from '../../model/memory/kvm.ts'
import { all } from '../primitives/guest-mode.ts'
import { changes_sptes, spte_changes } from '../shadow/spte-changes.ts'

export const frozenSpteStaysFrozen: ActionProperty<Kvm> = {
  kind: 'action',
  id: 'frozen-spte-stays-frozen',
  aliases: ['I11'],
  title:
    'Nothing changes a frozen SPTE, until its table is freed, but the thread that has frozen it in a live table.',
  when: 'whenever a step changes an SPTE of the TDP MMU',
  reference: 'handle_removed_pt(); is_frozen_spte() in kvm_tdp_mmu_map()',
  consequence: 'A leaf SPTE in a table that no walk reaches: neither a notifier nor a zap ever removes it.',
  judgedWhere: ({ tdp }: Bounds) => tdp.on,
  given: (before, { path }) => changes_sptes(path) && all(before.page).some((p) => has_frozen(before, p)),
  // In 6.1 the thread that has frozen an entry of a live table, in place of a huge page, clears it again.
  holds: (before, { path }, after) =>
    !changes_sptes(path) ||
    path === 'TDP/P11 unfreeze' ||
    spte_changes(before, after).every(({ old }) => old.kind !== 'frozen'),
}

function has_frozen(kvm: Kvm, p: number): boolean {
  const { spte } = kvm.page[p]
  return all(spte).some((i) => spte[i].kind === 'frozen')
}
