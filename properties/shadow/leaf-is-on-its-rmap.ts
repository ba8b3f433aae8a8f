import type { Invariant } from '../../model/language/property.ts'
import type { Bounds } from '../../model/memory/bounds.ts'
import type { Kvm } from '../../model/memory/kvm.ts'
import { is_tdp_mmu_page, spte_gfn } from '../../model/memory/shadow/shadow-page.ts'
import { all } from '../primitives/guest-mode.ts'

export const leafIsOnItsRmap: Invariant<Kvm> = {
  kind: 'invariant',
  id: 'leaf-is-on-its-rmap',
  aliases: ['I-2'],
  title: 'Every leaf SPTE of the shadow MMU is on the rmap of the gfn that it maps.',
  when: 'while mmu_lock is free',
  reference: 'mmu_set_spte(): rmap_add()',
  consequence: 'A notifier misses the SPTE, and the guest keeps the page after the host has taken it.',
  judgedWhere: ({ guest }: Bounds) => guest.gvas > 0,
  given: (kvm) => kvm.mmu_lock === 'free' && all(kvm.page).some((p) => leaves(kvm, p).length > 0),
  holds: (kvm) =>
    kvm.mmu_lock !== 'free' ||
    all(kvm.page).every((p) =>
      leaves(kvm, p).every((i) => kvm.rmap[spte_gfn(kvm, p, i) as number][p].has(i)),
    ),
}

/** The indices of the leaf SPTEs of a page; those of the TDP MMU are on no rmap. */
function leaves(kvm: Kvm, page: number): number[] {
  if (is_tdp_mmu_page(kvm, page)) return []
  const { spte } = kvm.page[page]
  return all(spte).filter((i) => spte[i].kind === 'leaf')
}
