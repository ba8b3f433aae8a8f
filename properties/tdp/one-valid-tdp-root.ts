import type { Invariant } from '../../model/language/property.ts'
import type { Bounds } from '../../model/memory/bounds.ts'
import type { Kvm } from '../../model/memory/kvm.ts'
import { all } from '../primitives/guest-mode.ts'

export const oneValidTdpRoot: Invariant<Kvm> = {
  kind: 'invariant',
  id: 'one-valid-tdp-root',
  aliases: [],
  title: 'At most one valid root of a role is on tdp_mmu_roots.',
  when: 'always',
  reference: 'kvm_tdp_mmu_alloc_root(): the second walk, under tdp_mmu_pages_lock',
  consequence: 'vCPUs fault the same pages in twice, into two trees.',
  class: 'precision',
  judgedWhere: ({ tdp }: Bounds) => tdp.on,
  given: (kvm) => valid_roots(kvm) > 0,
  holds: (kvm) => valid_roots(kvm) < 2,
}

function valid_roots(kvm: Kvm): number {
  return all(kvm.page).filter((p) => kvm.page[p].list === 'tdp_mmu_roots' && !kvm.page[p].role_invalid).length
}
