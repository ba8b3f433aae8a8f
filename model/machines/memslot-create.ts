import { choice, type Program, program, step } from '../language/program.ts'
import type { Kvm } from '../memory/kvm.ts'
import { DYING } from './memslot-delete.ts'
import { synchronize_srcu } from './srcu.ts'

const since = 'v5.17..v6.16'
const update = { fn: 'kvm_set_memslot', since }
const swap = { fn: 'kvm_swap_active_memslots', since }

/**
 * Creates memslot 0 (tdp-notifier-requests.md 5.2, 5.3, 5.5). The generation changes when every reader of
 * the old set has left, so that what such a reader has tagged is out of date afterwards.
 */
export function memslotCreate(): Program<Kvm> {
  return program<Kvm>('memslot', 'creates memslot 0', [
    choice(
      'idle',
      [
        step(
          'SC.1',
          {
            ...update,
            shows: 'allocate the arrays of slot 0',
            fused:
              'slots_lock keeps other updates out; the slot belongs to this thread until it is published.',
          },
          {
            when: (kvm) => kvm.memslot[0].left > 0,
            does: (kvm) => {
              kvm.memslot[0].left--
              kvm.slot[DYING].arrays = 'allocated'
            },
          },
        ),
      ],
      { rests: true },
    ),
    step(
      'SC.2',
      {
        ...swap,
        shows: 'kvm->memslots: slot 0, GEN_UPDATE_IN_PROGRESS',
        fused: 'The generation and its flag are part of the set that is published.',
      },
      {
        does: (kvm) => {
          kvm.slot[DYING].published = 'valid'
          kvm.memslots.update_in_progress = true
        },
      },
    ),
    synchronize_srcu('SC.3'),
    step(
      'SC.4',
      { ...swap, shows: (kvm) => `slots->generation = ${kvm.memslots.generation + 1}` },
      {
        does: (kvm) => {
          kvm.memslots.generation++
          kvm.memslots.update_in_progress = false
        },
      },
    ),
    step('SC.5', { ...update, shows: 'mutex_unlock(&kvm->slots_lock)' }, { to: 'idle' }),
  ])
}
