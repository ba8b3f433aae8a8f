import type { Invariant } from '../../model/language/property.ts'
import type { Bounds } from '../../model/memory/bounds.ts'
import type { Kvm } from '../../model/memory/kvm.ts'
import { all } from '../primitives/guest-mode.ts'

export const invalidationsAreBalanced: Invariant<Kvm> = {
  kind: 'invariant',
  id: 'invalidations-are-balanced',
  aliases: ['I16'],
  title:
    'While no notifier is between its start and its end, both counters of invalidations in progress are zero.',
  when: 'while all notifiers are idle',
  reference: 'mn_active_invalidate_count, 52ac8b358b0c (v5.15)',
  consequence: 'Later page faults in the range are retried forever, or are no longer retried at all.',
  judgedWhere: ({ notifier }: Bounds) => notifier.threads > 0,
  given: (kvm, at) => all(kvm.notifier).length > 0 && idle(kvm, (n) => at.notifier[n]),
  holds: (kvm, at) =>
    !idle(kvm, (n) => at.notifier[n]) ||
    (kvm.mmu_invalidate.in_progress === 0 && kvm.mn_active_invalidate_count === 0),
}

function idle(kvm: Kvm, counter: (n: number) => string): boolean {
  return all(kvm.notifier).every((n) => counter(n) === 'idle')
}
