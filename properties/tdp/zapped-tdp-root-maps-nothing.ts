import type { Invariant } from '../../model/language/property.ts'
import type { Bounds } from '../../model/memory/bounds.ts'
import type { Kvm } from '../../model/memory/kvm.ts'
import { all } from '../primitives/guest-mode.ts'
import { is_present } from '../shadow/spte-changes.ts'

export const zappedTdpRootMapsNothing: Invariant<Kvm> = {
  kind: 'invariant',
  id: 'zapped-tdp-root-maps-nothing',
  aliases: ['I9'],
  title: 'An invalid root of the TDP MMU has no present SPTE once it was zapped.',
  when: 'from the end of tdp_mmu_zap_root()',
  reference: 'is_page_fault_stale(), a955cad84cda (v5.16); tdp_mmu_zap_root()',
  consequence: 'The update of memslots ends, and notifiers no longer reach what is mapped there.',
  judgedWhere: ({ tdp }: Bounds) => tdp.on,
  given: (kvm) => all(kvm.page).some((p) => is_zapped(kvm, p)),
  holds: (kvm) =>
    all(kvm.page).every((p) => {
      const { spte } = kvm.page[p]
      return !is_zapped(kvm, p) || all(spte).every((i) => !is_present(spte[i]))
    }),
}

/** Invalid, not scheduled, and not the root that the memslot thread is at. */
function is_zapped(kvm: Kvm, p: number): boolean {
  const { list, role_invalid, tdp_mmu_scheduled_root_to_zap } = kvm.page[p]
  if (list !== 'tdp_mmu_roots' || !role_invalid || tdp_mmu_scheduled_root_to_zap) return false
  return all(kvm.memslot).every((m) => kvm.memslot[m].tdp[0].root !== p)
}
