import { isAt } from '../../model/language/places.ts'
import type { Invariant } from '../../model/language/property.ts'
import type { Counters } from '../../model/language/system.ts'
import type { Kvm } from '../../model/memory/kvm.ts'
import { roots_of } from '../../model/memory/roots/mmu.ts'
import { is_obsolete_sp } from '../../model/memory/shadow/shadow-page.ts'
import { all, SERVICES_REQUEST } from '../primitives/guest-mode.ts'

export const noObsoleteRootKept: Invariant<Kvm> = {
  kind: 'invariant',
  id: 'no-obsolete-root-kept',
  aliases: ['L-4'],
  title: 'A vCPU that has serviced the request to drop an obsolete root does not hold the root any more.',
  when: 'while mmu_lock is free and the vCPU is not servicing KVM_REQ_MMU_FREE_OBSOLETE_ROOTS',
  reference: 'kvm_mmu_free_obsolete_roots(); root_count pins the page until every holder has dropped it',
  consequence: 'The page stays pinned until another update makes the vCPU drop its roots.',
  judgedWhere: () => true,
  given: (kvm, at) => kvm.mmu_lock === 'free' && all(kvm.vcpu).some((v) => settled(kvm, at, v)),
  holds: (kvm, at) =>
    all(kvm.vcpu).every(
      (v) =>
        !settled(kvm, at, v) ||
        roots_of(kvm, v).every(
          (root) => root === null || !kvm.page[root].request_sent || !is_obsolete_sp(kvm, root),
        ),
    ),
}

function settled(kvm: Kvm, at: Counters, v: number): boolean {
  return !kvm.vcpu[v].requests.has('FREE_OBSOLETE_ROOTS') && !isAt(at.vcpu, v, SERVICES_REQUEST)
}
