import type { Invariant } from '../../model/language/property.ts'
import type { Kvm } from '../../model/memory/kvm.ts'
import { loaded_roots } from '../../model/memory/roots/mmu.ts'
import { is_obsolete_sp } from '../../model/memory/shadow/shadow-page.ts'
import { all, in_guest } from '../primitives/guest-mode.ts'

/** `request_sent` is a history variable, set when the request to leave the root has returned, waited for or not. */
export const noGuestOnARootAfterItsRequest: Invariant<Kvm> = {
  kind: 'invariant',
  id: 'no-guest-on-a-root-after-its-request',
  aliases: ['I6'],
  title: 'Once the request to leave an obsolete root has returned, no vCPU runs guest code on it.',
  when: 'after kvm_make_all_cpus_request(KVM_REQ_MMU_FREE_OBSOLETE_ROOTS) returned',
  reference: 'KVM_REQUEST_WAIT in KVM_REQ_MMU_FREE_OBSOLETE_ROOTS',
  consequence: 'Zapping below the root skips TLB flushes, because no vCPU is supposed to use it any more.',
  judgedWhere: () => true,
  given: (kvm) => all(kvm.page).some((p) => kvm.page[p].request_sent && is_obsolete_sp(kvm, p)),
  holds: (kvm, at) =>
    all(kvm.vcpu).every(
      (v) =>
        !in_guest(at, v) ||
        loaded_roots(kvm, v).every((root) => !kvm.page[root].request_sent || !is_obsolete_sp(kvm, root)),
    ),
}
