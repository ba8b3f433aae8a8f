import type { Fairness, LeadsTo } from '../../model/language/property.ts'
import type { Kvm } from '../../model/memory/kvm.ts'

/** A CPU takes no interrupt within a hardware walk, so the step is enabled again and again, not continuously. */
const FAIR: readonly Fairness[] = [
  { strength: 'strong', of: 'thread' },
  { strength: 'strong', of: 'step', kinds: ['vcpu'], paths: ['interrupt'] },
]

export const everyAccessFinishes: LeadsTo<Kvm> = {
  kind: 'leads-to',
  id: 'every-access-finishes',
  aliases: [],
  title: 'Every guest access eventually finishes, whatever the other vCPUs do meanwhile.',
  when: 'always, if a thread that is enabled again and again eventually runs, and CPUs take their interrupts',
  reference: 'RET_PF_RETRY; d28c6cfbbc5e: an endless fault loop over two entries that map the same memory',
  consequence: 'Two vCPUs keep replacing the translation of the other, and each faults again forever.',
  each: 'vcpu',
  fairness: FAIR,
  given: (kvm, _at, v) => kvm.vcpu[v].guest !== 'idle',
  goal: (kvm, _at, v) => kvm.vcpu[v].guest === 'idle',
}
