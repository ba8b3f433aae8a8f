import type { AlwaysPossible } from '../../model/language/property.ts'
import type { Kvm } from '../../model/memory/kvm.ts'
import { all } from '../primitives/guest-mode.ts'

export const everyAccessCanFinish: AlwaysPossible<Kvm> = {
  kind: 'progress',
  id: 'every-access-can-finish',
  aliases: ['L3'],
  title: 'From every state, all memory accesses that guests have started can still finish.',
  when: 'always possible (AG EF), without any fairness assumption',
  reference:
    'is_page_fault_stale() returns RET_PF_RETRY: code that makes a root obsolete must make its holders drop it',
  consequence: 'A vCPU takes the same page fault forever, because every attempt is stale and is retried.',
  goal: (kvm) => all(kvm.vcpu).every((v) => kvm.vcpu[v].guest === 'idle'),
}
