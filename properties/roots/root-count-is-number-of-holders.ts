import type { Invariant } from '../../model/language/property.ts'
import type { Kvm } from '../../model/memory/kvm.ts'
import { roots_of } from '../../model/memory/roots/mmu.ts'
import { is_tdp_mmu_page } from '../../model/memory/shadow/shadow-page.ts'
import { all } from '../primitives/guest-mode.ts'

export const rootCountIsNumberOfHolders: Invariant<Kvm> = {
  kind: 'invariant',
  id: 'root-count-is-number-of-holders',
  aliases: ['I-24'],
  title:
    'sp->root_count of a page of the shadow MMU is the number of root slots of vCPUs that hold the page.',
  when: 'while mmu_lock is free',
  reference: 'mmu_alloc_root(), mmu_free_root_page()',
  consequence: 'A page is freed while a vCPU uses it, or is never freed.',
  judgedWhere: () => true,
  given: (kvm) => kvm.mmu_lock === 'free',
  holds: (kvm) => {
    const held = all(kvm.vcpu).flatMap((v) => roots_of(kvm, v))
    return all(kvm.page).every(
      (p) => is_tdp_mmu_page(kvm, p) || kvm.page[p].root_count === held.filter((root) => root === p).length,
    )
  },
}
