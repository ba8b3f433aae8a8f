import type { DeadlockFreedom } from '../../model/language/property.ts'

export const noDeadlock: DeadlockFreedom = {
  kind: 'deadlock',
  id: 'no-deadlock',
  aliases: ['L2'],
  title: 'There is no deadlock: some thread can take a step, or all threads are in valid end states.',
  when: 'always',
  reference: 'mmu_lock, KVM_REQUEST_WAIT',
  consequence: 'The VM hangs.',
}
