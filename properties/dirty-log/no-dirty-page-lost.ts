import { isChanged } from '../../model/language/changes.ts'
import type { ActionProperty, StepView } from '../../model/language/property.ts'
import type { Kvm } from '../../model/memory/kvm.ts'

/** Until v6.12 zapping a dirty SPTE marked its page dirty. `written` is a history variable. */
export const noDirtyPageLost: ActionProperty<Kvm> = {
  kind: 'action',
  id: 'no-dirty-page-lost',
  aliases: ['I23'],
  title: 'A page that the guest has written is marked dirty when the host takes it from the VM.',
  when: 'whenever the host takes a page from the VM',
  reference: 'mmu_spte_clear_track_bits(), kvm_set_pfn_dirty(); v3.11..v6.12',
  consequence: 'The page is dropped without writeback, and the guest reads old data.',
  given: (before, step, after) => freed(before, step, after)?.written === true,
  holds: (before, step, after) => {
    const page = freed(before, step, after)
    return page === undefined || !page.written || page.dirty
  },
}

/** The host page that a notifier step takes from the VM, in its state before the step. */
function freed(before: Kvm, step: StepView, after: Kvm) {
  if (step.kind !== 'notifier' || !isChanged(before.host_page, after.host_page)) return undefined
  const { pfn } = before.notifier[step.self]
  if (pfn === null || after.host_page[pfn].owner === before.host_page[pfn].owner) return undefined
  return before.host_page[pfn]
}
