import type { Invariant } from '../../model/language/property.ts'
import type { Bounds } from '../../model/memory/bounds.ts'
import type { Kvm } from '../../model/memory/kvm.ts'
import { is_tdp_mmu_page } from '../../model/memory/shadow/shadow-page.ts'
import { all } from '../primitives/guest-mode.ts'
import { is_present } from '../shadow/spte-changes.ts'
import { links_to } from './tables.ts'

export const tdpRootWithPresentSptesIsOnTheList: Invariant<Kvm> = {
  kind: 'invariant',
  id: 'tdp-root-with-present-sptes-is-on-the-list',
  aliases: ['I8'],
  title: 'A root of the TDP MMU with a present SPTE is on tdp_mmu_roots, with references.',
  when: 'always',
  reference: 'kvm_tdp_mmu_zap_invalidated_roots(): the reference is put after the zap',
  consequence:
    'A notifier that runs while the zap yields does not find the root, and the host frees a page that it maps.',
  judgedWhere: ({ tdp }: Bounds) => tdp.on,
  given: (kvm) => all(kvm.page).some((p) => is_root(kvm, p) && has_present(kvm, p)),
  holds: (kvm) =>
    all(kvm.page).every((p) => {
      if (!is_root(kvm, p) || !has_present(kvm, p)) return true
      return kvm.page[p].list === 'tdp_mmu_roots' && kvm.page[p].root_count > 0
    }),
}

/** A page of the TDP MMU at the level of roots, to which no SPTE points. */
function is_root(kvm: Kvm, p: number): boolean {
  if (!is_tdp_mmu_page(kvm, p)) return false
  if (kvm.page[p].list === 'tdp_mmu_roots') return true
  return kvm.page[p].level === kvm.vcpu[0].fault.gpte.length && !links_to(kvm, p)
}

function has_present(kvm: Kvm, p: number): boolean {
  const { spte } = kvm.page[p]
  return all(spte).some((i) => is_present(spte[i]))
}
