import type { Invariant } from '../../model/language/property.ts'
import type { Kvm } from '../../model/memory/kvm.ts'
import { roots_of } from '../../model/memory/roots/mmu.ts'
import { all } from '../primitives/guest-mode.ts'

export const noFreedRootInUse: Invariant<Kvm> = {
  kind: 'invariant',
  id: 'no-freed-root-in-use',
  aliases: [],
  title: 'No root of a vCPU, current or previous, is a freed shadow page.',
  when: 'always',
  reference: 'kvm_mmu_commit_zap_page(): freed pages have root_count 0',
  consequence: 'The next CR3 switch or VM-entry walks page tables in memory that has been reused.',
  judgedWhere: () => true,
  given: (kvm) => all(kvm.page).some((p) => kvm.page[p].list === 'free'),
  holds: (kvm) =>
    all(kvm.vcpu).every((v) =>
      roots_of(kvm, v).every((root) => root === null || kvm.page[root].list !== 'free'),
    ),
}
