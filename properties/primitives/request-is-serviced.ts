import type { Fairness, LeadsTo } from '../../model/language/property.ts'
import type { Kvm } from '../../model/memory/kvm.ts'

/** A CPU takes the interrupt that it was sent; nothing else is guaranteed to make a guest exit. */
const FAIR: readonly Fairness[] = [
  { strength: 'strong', of: 'thread' },
  { strength: 'strong', of: 'step', kinds: ['vcpu'], paths: ['interrupt'] },
]

export const requestIsServiced: LeadsTo<Kvm> = {
  kind: 'leads-to',
  id: 'request-is-serviced',
  aliases: ['L-3'],
  title: 'A pending request is eventually serviced.',
  when: 'always, if a thread that is enabled again and again eventually runs, and CPUs take their interrupts; unless the vCPU sleeps',
  reference: 'kvm_make_all_cpus_request(), kvm_check_request(); Documentation/virt/kvm/vcpu-requests.rst',
  consequence: 'A guest that does not exit by itself keeps using what it was asked to drop.',
  each: 'vcpu',
  fairness: FAIR,
  given: (kvm, _at, v) => !kvm.vcpu[v].requests.isEmpty(),
  goal: (kvm, _at, v) => kvm.vcpu[v].requests.isEmpty() || kvm.vcpu[v].sleep !== 'awake',
}
