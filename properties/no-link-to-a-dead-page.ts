import type { Invariant } from '../model/language/property.ts'
import type { Kvm } from '../model/memory/kvm.ts'
import { is_obsolete_sp } from '../model/memory/shadow-page.ts'
import { all } from './guest-mode.ts'

export const noLinkToADeadPage: Invariant<Kvm> = {
  kind: 'invariant',
  id: 'no-link-to-a-dead-page',
  aliases: ['I-6'],
  title: 'No link of a shadow page that is current leads to a zapped or obsolete page.',
  when: 'while mmu_lock is free',
  reference:
    'for_each_valid_sp(): pages that were zapped stay in the hash until they are freed, and are skipped',
  consequence: 'A page that is about to be freed is linked again.',
  given: (kvm) => kvm.mmu_lock === 'free' && all(kvm.page).some((p) => links(kvm, p).length > 0),
  holds: (kvm) =>
    kvm.mmu_lock !== 'free' ||
    all(kvm.page).every(
      (p) =>
        kvm.page[p].list === 'free' ||
        is_obsolete_sp(kvm, p) ||
        links(kvm, p).every((child) => kvm.page[child].list !== 'free' && !is_obsolete_sp(kvm, child)),
    ),
}

function links(kvm: Kvm, page: number): number[] {
  return [...kvm.page[page].spte].flatMap(({ child }) => (child === null ? [] : [child]))
}
