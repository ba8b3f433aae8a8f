import type { Invariant } from '../../model/language/property.ts'
import type { Bounds } from '../../model/memory/bounds.ts'
import type { Kvm } from '../../model/memory/kvm.ts'
import { rmap_entries } from '../../model/memory/shadow/rmap.ts'
import { spte_gfn } from '../../model/memory/shadow/shadow-page.ts'
import { all } from '../primitives/guest-mode.ts'

export const rmapKeyIsThePagesOwn: Invariant<Kvm> = {
  kind: 'invariant',
  id: 'rmap-key-is-the-pages-own',
  aliases: ['I-7'],
  title: 'A leaf SPTE on an rmap is on that of the gfn that its shadow page derives for it on removal.',
  when: 'while mmu_lock is free',
  reference: 'rmap_add(fault->gfn), rmap_remove(kvm_mmu_page_get_gfn()); 0cb2af2ea66a, 81ccda30b4e8',
  consequence: 'Removing the SPTE searches the wrong rmap, and the one that it is on keeps a pointer to it.',
  judgedWhere: ({ guest }: Bounds) => guest.gvas > 0,
  given: (kvm) => kvm.mmu_lock === 'free' && all(kvm.rmap).some((gfn) => rmap_entries(kvm, gfn).length > 0),
  holds: (kvm) =>
    kvm.mmu_lock !== 'free' ||
    all(kvm.rmap).every((gfn) =>
      rmap_entries(kvm, gfn).every(({ page, index }) => {
        const { kind } = kvm.page[page].spte[index]
        return kind !== 'leaf' || spte_gfn(kvm, page, index) === gfn
      }),
    ),
}
