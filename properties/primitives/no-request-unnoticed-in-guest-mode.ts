import type { Invariant } from '../../model/language/property.ts'
import type { Kvm } from '../../model/memory/kvm.ts'
import { all, in_guest } from './guest-mode.ts'

export const noRequestUnnoticedInGuestMode: Invariant<Kvm> = {
  kind: 'invariant',
  id: 'no-request-unnoticed-in-guest-mode',
  aliases: ['I1'],
  title:
    'A vCPU that runs guest code with a request pending has an IPI in flight, or the sender has yet to check vcpu->mode or to send the IPI.',
  when: 'always',
  reference: 'kvm_make_all_cpus_request(), vcpu_enter_guest(); Documentation/virt/kvm/vcpu-requests.rst',
  consequence: 'The guest keeps running with the request unserviced until it exits for another reason.',
  judgedWhere: () => true,
  given: (kvm, at) => all(kvm.vcpu).some((v) => in_guest(at, v) && !kvm.vcpu[v].requests.isEmpty()),
  holds: (kvm, at) =>
    all(kvm.vcpu).every(
      (v) => !in_guest(at, v) || kvm.vcpu[v].requests.isEmpty() || kvm.vcpu[v].ipi || is_being_sent(kvm, v),
    ),
}

/** A thread has set the request bit and not checked the mode yet, or has decided to send an IPI. */
function is_being_sent(kvm: Kvm, v: number): boolean {
  const { vcpu, zapper, memslot, notifier, shrinker, dirtylog, attributes, device, nx } = kvm
  const threads = [
    ...vcpu,
    ...zapper,
    ...memslot,
    ...notifier,
    ...shrinker,
    ...dirtylog,
    ...attributes,
    ...device,
    ...nx,
  ]
  const senders = threads.map((thread) => thread.req)
  return senders.some((sender) => sender.now === v || sender.ipis.has(v))
}
