import type { Invariant } from '../../model/language/property.ts'
import type { Bounds } from '../../model/memory/bounds.ts'
import type { Kvm } from '../../model/memory/kvm.ts'
import { all } from '../primitives/guest-mode.ts'
import { is_present } from '../shadow/spte-changes.ts'

export const freedTdpPageMapsNothing: Invariant<Kvm> = {
  kind: 'invariant',
  id: 'freed-tdp-page-maps-nothing',
  aliases: ['I10'],
  title: 'A page of the TDP MMU that waits to be freed has no present SPTE.',
  when: 'from call_rcu() to the callback',
  reference: 'handle_removed_pt(): FROZEN_SPTE; kvm_tdp_mmu_put_root()',
  consequence: 'The page is freed with a mapping that no walk has zapped.',
  judgedWhere: ({ tdp }: Bounds) => tdp.on,
  given: (kvm) => all(kvm.page).some((p) => kvm.page[p].list === 'rcu'),
  holds: (kvm) =>
    all(kvm.page).every((p) => {
      const { list, spte } = kvm.page[p]
      return list !== 'rcu' || all(spte).every((i) => !is_present(spte[i]))
    }),
}
