import type { Invariant } from '../../model/language/property.ts'
import type { Bounds } from '../../model/memory/bounds.ts'
import type { Kvm } from '../../model/memory/kvm.ts'
import { is_tdp_mmu_page } from '../../model/memory/shadow/shadow-page.ts'
import { all } from '../primitives/guest-mode.ts'

export const noTdpSpteOfALostPage: Invariant<Kvm> = {
  kind: 'invariant',
  id: 'no-tdp-spte-of-a-lost-page',
  aliases: [],
  title: 'No SPTE of the TDP MMU, not even below an invalid root, maps a host page that has another owner.',
  when: 'always',
  reference:
    'kvm_tdp_mmu_unmap_gfn_range(): KVM_INVALID_ROOTS; kvm_set_pfn_dirty() of what is zapped, ..v6.12',
  consequence: 'The zap of the root marks a page accessed or dirty that is no longer of this VM (..v6.12).',
  judgedWhere: ({ tdp, notifier }: Bounds) => tdp.on && notifier.threads > 0,
  given: (kvm) => all(kvm.host_page).some((p) => kvm.host_page[p].owner === 'another owner'),
  holds: (kvm) =>
    all(kvm.page).every((p) => {
      if (!is_tdp_mmu_page(kvm, p)) return true
      const { spte } = kvm.page[p]
      return all(spte).every(
        (i) => spte[i].kind !== 'leaf' || kvm.host_page[spte[i].pfn as number].owner === 'the VM',
      )
    }),
}
