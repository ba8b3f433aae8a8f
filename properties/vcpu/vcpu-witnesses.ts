import type { Witness } from '../../model/language/property.ts'
import type { Kvm } from '../../model/memory/kvm.ts'
import { all } from '../primitives/guest-mode.ts'

/** Every log of a real kernel has such exits. */
export const guestIsInterruptedByTheHost: Witness<Kvm> = {
  kind: 'witness',
  id: 'guest-is-interrupted-by-the-host',
  aliases: [],
  title: 'A vCPU leaves guest mode for an interrupt although KVM has sent it no IPI.',
  reference: 'event logs of KVM 6.1, 6.12 and 7.2: exits for interrupts without a pending request',
  seen: (kvm, at) => all(kvm.vcpu).some((v) => at.vcpu[v] === 'exit: interrupt/RUN.10' && !kvm.vcpu[v].ipi),
}

/** In the logs of 6.12, all 10 vCPUs that were in the guest when a memslot was deleted. */
export const requestFindsAKickedVcpu: Witness<Kvm> = {
  kind: 'witness',
  id: 'request-finds-a-kicked-vcpu',
  aliases: [],
  title: 'The sender of a request finds EXITING_GUEST_MODE in a vCPU that has no request pending.',
  reference: 'kvm_vcpu_kick() in kvm_arch_memslots_updated(); docs/kvm/atomicity.md, "Kicks"',
  seen: (kvm, at) =>
    all(kvm.memslot).some(
      (m) =>
        at.memslot[m].endsWith('/REQ.1') &&
        all(kvm.vcpu).some((v) => {
          const { mode, requests } = kvm.vcpu[v]
          return mode === 'EXITING_GUEST_MODE' && requests.isEmpty() && kvm.memslot[m].req.todo.has(v)
        }),
    ),
}
