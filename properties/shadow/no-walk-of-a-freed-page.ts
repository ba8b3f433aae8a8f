import { isAt, places } from '../../model/language/places.ts'
import type { Invariant } from '../../model/language/property.ts'
import type { Bounds } from '../../model/memory/bounds.ts'
import type { Kvm } from '../../model/memory/kvm.ts'
import { all } from '../primitives/guest-mode.ts'

/** A lock-free walk is about to read an SPTE. */
const READS_SPTE = places((path) => path === 'LW/LW.3')

export const noWalkOfAFreedPage: Invariant<Kvm> = {
  kind: 'invariant',
  id: 'no-walk-of-a-freed-page',
  aliases: ['I-10'],
  title: 'No hardware walk and no lock-free walk is about to read a freed shadow page.',
  when: 'always',
  reference:
    'kvm_mmu_commit_zap_page(): remote flush, waiting for the IPIs, before kvm_mmu_free_shadow_page()',
  consequence: 'The CPU reads memory that has been reused as a page table.',
  judgedWhere: ({ shadow }: Bounds) => shadow.levels > 1,
  given: (kvm, at) => all(kvm.vcpu).some((v) => kvm.vcpu[v].walk !== null || isAt(at.vcpu, v, READS_SPTE)),
  holds: (kvm, at) =>
    all(kvm.vcpu).every((v) => {
      const { walk, fault } = kvm.vcpu[v]
      if (walk !== null && kvm.page[walk].list === 'free') return false
      return !isAt(at.vcpu, v, READS_SPTE) || fault.sp === null || kvm.page[fault.sp].list !== 'free'
    }),
}
