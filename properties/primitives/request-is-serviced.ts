import type { Fairness, LeadsTo } from '../../model/language/property.ts'
import type { Kvm } from '../../model/memory/kvm.ts'

/** A CPU takes the interrupt that it has been sent; nothing else makes a guest exit. */
const FAIR: readonly Fairness[] = [
  { strength: 'strong', of: 'thread' },
  { strength: 'strong', of: 'step', kinds: ['vcpu'], paths: ['interrupt'] },
]

export const requestIsServiced: LeadsTo<Kvm> = {
  kind: 'leads-to',
  id: 'request-is-serviced',
  aliases: ['L-3'],
  title: 'A request that a vCPU has pending is serviced some day.',
  when: 'always, when threads that can move again and again do, and CPUs take their interrupts',
  reference: 'kvm_make_all_cpus_request(), kvm_check_request(); Documentation/virt/kvm/vcpu-requests.rst',
  consequence: 'A guest that does not exit by itself runs on for ever with what it was told to drop.',
  each: 'vcpu',
  fairness: FAIR,
  given: (kvm, _at, v) => !kvm.vcpu[v].requests.isEmpty(),
  goal: (kvm, _at, v) => kvm.vcpu[v].requests.isEmpty(),
}
