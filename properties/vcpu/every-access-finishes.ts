import type { Fairness, LeadsTo } from '../../model/language/property.ts'
import type { Kvm } from '../../model/memory/kvm.ts'

/** Between two levels of a walk a CPU takes no interrupt, so that it can only do so again and again. */
const FAIR: readonly Fairness[] = [
  { strength: 'strong', of: 'thread' },
  { strength: 'strong', of: 'step', kinds: ['vcpu'], paths: ['interrupt'] },
]

export const everyAccessFinishes: LeadsTo<Kvm> = {
  kind: 'leads-to',
  id: 'every-access-finishes',
  aliases: [],
  title: 'Every access that a guest begins comes to its end, whatever the other vCPUs do meanwhile.',
  when: 'always, when every thread that can move again and again does, and CPUs take their interrupts',
  reference: 'RET_PF_RETRY; d28c6cfbbc5e: an endless fault loop of two entries that map the same memory',
  consequence: 'Two vCPUs take a translation from each other for ever, each with a fault of its own.',
  each: 'vcpu',
  fairness: FAIR,
  given: (kvm, _at, v) => kvm.vcpu[v].guest !== 'idle',
  goal: (kvm, _at, v) => kvm.vcpu[v].guest === 'idle',
}
