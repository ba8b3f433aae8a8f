import type { Invariant } from '../../model/language/property.ts'
import type { Kvm } from '../../model/memory/kvm.ts'
import { all, in_guest } from './guest-mode.ts'

export const noRequestUnnoticedInGuestMode: Invariant<Kvm> = {
  kind: 'invariant',
  id: 'no-request-unnoticed-in-guest-mode',
  aliases: ['I1'],
  title:
    'A vCPU that executes guest code with a request pending has an IPI on its way, or a sender that is about to send one.',
  when: 'always',
  reference: 'kvm_make_all_cpus_request(), vcpu_enter_guest(); Documentation/virt/kvm/vcpu-requests.rst',
  consequence:
    'The guest keeps running although it was told to stop, for as long as it does not exit by itself.',
  given: (kvm, at) => all(kvm.vcpu).some((v) => in_guest(at, v) && !kvm.vcpu[v].requests.isEmpty()),
  holds: (kvm, at) =>
    all(kvm.vcpu).every(
      (v) => !in_guest(at, v) || kvm.vcpu[v].requests.isEmpty() || kvm.vcpu[v].ipi || sender_at_work(kvm, v),
    ),
}

/** Some thread has set the bit and not looked at the mode yet, or will send the IPI it decided on. */
function sender_at_work(kvm: Kvm, v: number): boolean {
  const { vcpu, zapper, memslot, notifier, shrinker, dirtylog } = kvm
  const threads = [...vcpu, ...zapper, ...memslot, ...notifier, ...shrinker, ...dirtylog]
  const senders = threads.map((thread) => thread.req)
  return senders.some((sender) => sender.now === v || sender.ipis.has(v))
}
