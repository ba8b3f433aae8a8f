import { isAt, places } from '../../model/language/places.ts'
import type { Invariant } from '../../model/language/property.ts'
import type { Bounds } from '../../model/memory/bounds.ts'
import type { Kvm } from '../../model/memory/kvm.ts'
import { all, in_guest } from '../primitives/guest-mode.ts'

/** The vCPU has looked for events and is about to sleep, or sleeps. */
const SLEEPS = places((path) => path === 'HLT/HLT.6')

export const noInterruptUnnoticed: Invariant<Kvm> = {
  kind: 'invariant',
  id: 'no-interrupt-unnoticed',
  aliases: [],
  title:
    'A vCPU that runs guest code while an interrupt is pending has KVM_REQ_EVENT pending, and one that sleeps is being woken, unless the sender is still at work.',
  when: 'always',
  reference:
    'kvm_vcpu_kick(), kvm_vcpu_block(), vmx_cancel_injection(); Documentation/virt/kvm/vcpu-requests.rst',
  consequence: 'The guest gets the interrupt late or never; a sleeping one may sleep for good.',
  judgedWhere: ({ requests }: Bounds) => requests.interrupts > 0,
  given: (kvm, at) =>
    all(kvm.vcpu).some((v) => kvm.vcpu[v].irr && (in_guest(at, v) || isAt(at.vcpu, v, SLEEPS))),
  holds: (kvm, at) =>
    all(kvm.vcpu).every((v) => {
      const { irr, requests, sleep } = kvm.vcpu[v]
      if (!irr || all(kvm.device).some((d) => kvm.device[d].req.now === v)) return true
      if (isAt(at.vcpu, v, SLEEPS)) return sleep === 'waiting'
      return !in_guest(at, v) || requests.has('EVENT')
    }),
}
