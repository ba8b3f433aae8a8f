import type { Witness } from '../../model/language/property.ts'
import type { Kvm } from '../../model/memory/kvm.ts'
import { all, in_guest } from '../primitives/guest-mode.ts'

export const guestRunsOnADummyRoot: Witness<Kvm> = {
  kind: 'witness',
  id: 'guest-runs-on-a-dummy-root',
  aliases: [],
  title: 'The guest runs on a dummy root, because its page directory has no usable memslot.',
  reference: 'mmu_alloc_shadow_roots(): kvm_mmu_get_dummy_root(), v6.7',
  seen: (kvm, at) => all(kvm.vcpu).some((v) => in_guest(at, v) && kvm.vcpu[v].dummy_root),
}

export const dummyRootIsReplaced: Witness<Kvm> = {
  kind: 'witness',
  id: 'dummy-root-is-replaced',
  aliases: [],
  title: 'A fault on a dummy root finds that the page directory can be read now, and asks for another root.',
  reference: 'paging64_fetch(): kvm_mmu_is_dummy_root(), v6.7',
  seen: (kvm, at) =>
    all(kvm.vcpu).some((v) => {
      const { dummy_root, requests } = kvm.vcpu[v]
      return at.vcpu[v] === 'PF/PF.15' && dummy_root && requests.has('FREE_OBSOLETE_ROOTS')
    }),
}
