import type { ActionProperty, StepView } from '../../model/language/property.ts'
import type { Kvm } from '../../model/memory/kvm.ts'

/** As until v6.12, when a dirty SPTE made its page dirty as it went; `written` is history. */
export const noDirtyPageLost: ActionProperty<Kvm> = {
  kind: 'action',
  id: 'no-dirty-page-lost',
  aliases: ['I23'],
  title: 'The host knows of every page that it takes away whether the guest wrote to it.',
  when: 'whenever the host frees a page',
  reference: 'mmu_spte_clear_track_bits(), kvm_set_pfn_dirty(); v3.11..v6.12',
  consequence: 'The page is dropped without being written back: the guest reads old data.',
  given: (before, step, after) => freed(before, step, after)?.written === true,
  holds: (before, step, after) => {
    const page = freed(before, step, after)
    return page === undefined || !page.written || page.dirty
  },
}

/** The host page that a notifier's step takes from the VM, as it was before. */
function freed(before: Kvm, step: StepView, after: Kvm) {
  const pfn = step.kind === 'notifier' ? before.notifier[step.self].pfn : null
  if (pfn === null || after.host_page[pfn].owner === before.host_page[pfn].owner) return undefined
  return before.host_page[pfn]
}
