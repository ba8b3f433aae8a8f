import type { ActionProperty } from '../model/language/property.ts'
import type { Kvm } from '../model/memory/kvm.ts'

/** As until v6.12, when a dirty SPTE made its page dirty as it went; `written` is history. */
export const noDirtyPageLost: ActionProperty<Kvm> = {
  kind: 'action',
  id: 'no-dirty-page-lost',
  aliases: ['I23'],
  title: 'The host knows of every page that it takes away whether the guest wrote to it.',
  when: 'whenever the host frees a page',
  reference: 'mmu_spte_clear_track_bits(), kvm_set_pfn_dirty(); v3.11..v6.12',
  consequence: 'The page is dropped without being written back: the guest reads old data.',
  given: (before, step) => taken(before, step)?.written === true,
  holds: (before, step) => taken(before, step)?.written !== true || taken(before, step)?.dirty === true,
}

function taken(before: Kvm, step: { kind: string; self: number; path: string }) {
  if (step.kind !== 'notifier' || step.path !== 'H.2') return undefined
  const { pfn } = before.notifier[step.self]
  return pfn === null ? undefined : before.host_page[pfn]
}
