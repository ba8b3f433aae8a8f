import type { DeadlockFreedom } from '../../model/language/property.ts'

export const noDeadlock: DeadlockFreedom = {
  kind: 'deadlock',
  id: 'no-deadlock',
  aliases: ['L2'],
  title: 'No state is a dead end: some thread can move, or all have nothing left to do.',
  when: 'always',
  reference: 'mmu_lock, KVM_REQUEST_WAIT',
  consequence: 'The VM hangs.',
}
