import { type Step, step } from '../../language/program.ts'
import type { Kvm } from '../../memory/kvm.ts'

const swap = { fn: 'kvm_swap_active_memslots', since: 'v5.17..v7.2' } as const

/** A new set of memslots, by its difference to the installed one. */
export interface MemslotsUpdate {
  readonly shows: string
  readonly does: (kvm: Kvm) => void
  /** The generation changes after the old readers have left; until then an update is in progress. */
  readonly newGeneration?: boolean
  /** When it may be installed; default: while no notifier is between its start and its end. */
  readonly may?: (kvm: Kvm) => boolean
}

const no_invalidation_in_progress = (kvm: Kvm): boolean => kvm.mn_active_invalidate_count === 0

/**
 * SL.2, SL.6, SC.2, DE.2: `kvm_swap_active_memslots()`, whatever the change is, waits until no notifier is between its
 * start and its end, which could find different slots otherwise (7.2 kvm_main.c 1616).
 */
export function installMemslots(name: string, update: MemslotsUpdate): Step<Kvm> {
  const { shows, does, newGeneration = false, may = no_invalidation_in_progress } = update
  return step<Kvm>(
    name,
    {
      ...swap,
      c: ['kvm->mn_active_invalidate_count', 'rcu_assign_pointer('],
      shows: `kvm->memslots: ${shows}${newGeneration ? ', GEN_UPDATE_IN_PROGRESS' : ''}`,
      fused:
        'The test of mn_active_invalidate_count and the installation are under mn_invalidate_lock, which the notifier takes to change the count. Generation and flag are part of the memslots.',
    },
    {
      when: may,
      does: (kvm) => {
        does(kvm)
        if (newGeneration) kvm.memslots.update_in_progress = true
      },
    },
  )
}
