import type { Fairness, LeadsTo } from '../../model/language/property.ts'
import type { Kvm } from '../../model/memory/kvm.ts'

/**
 * A thread that is enabled again and again eventually runs, so a lock that is dropped again and again is
 * eventually acquired; and a CPU takes the interrupt that it was sent.
 */
const FAIR: readonly Fairness[] = [
  { strength: 'strong', of: 'thread' },
  { strength: 'weak', of: 'step', kinds: ['vcpu'], paths: ['interrupt'] },
]

export const zapAllTerminates: LeadsTo<Kvm> = {
  kind: 'leads-to',
  id: 'zap-all-terminates',
  aliases: ['L-2'],
  title: 'A memslot update that zaps all pages terminates, however often vCPUs fault meanwhile.',
  when: 'always, if a thread that is enabled again and again eventually runs, and CPUs take their interrupts',
  reference: 'kvm_zap_obsolete_pages(): the set of obsolete pages only shrinks',
  consequence: 'vCPUs build pages as fast as they are zapped, and the ioctl never returns.',
  fairness: FAIR,
  given: (_kvm, at) => at.memslot[0] !== 'idle',
  goal: (_kvm, at) => at.memslot[0] === 'idle',
}
