import type { ActionProperty, StepView } from '../model/language/property.ts'
import type { Kvm } from '../model/memory/kvm.ts'
import { is_obsolete_sp } from '../model/memory/shadow-page.ts'
import { all } from './guest-mode.ts'

export const noLeafBelowAnObsoleteRoot: ActionProperty<Kvm> = {
  kind: 'action',
  id: 'no-leaf-below-an-obsolete-root',
  aliases: [],
  title: 'A page fault installs no SPTE below a root that is obsolete.',
  when: 'whenever mmu_set_spte() stores a leaf in a page fault (the steps SET.*)',
  reference: 'is_page_fault_stale(), v5.16 (a955cad84cda)',
  consequence: 'The SPTE is never zapped again, or is written into a page that is about to be freed.',
  given: (before, step, after) => faults(step) && all(before.page).some((p) => gains_leaf(before, after, p)),
  holds: (before, step, after) =>
    !faults(step) ||
    all(before.page).every((p) => !gains_leaf(before, after, p) || !is_obsolete_sp(before, p)),
}

/** mmu_set_spte() is where a fault stores leaves. */
const faults = ({ kind, path }: StepView): boolean => kind === 'vcpu' && path.startsWith('PF/SET.')

function gains_leaf(before: Kvm, after: Kvm, page: number): boolean {
  return all(before.page[page].spte).some(
    (i) => after.page[page].spte[i].kind === 'leaf' && before.page[page].spte[i].kind !== 'leaf',
  )
}
