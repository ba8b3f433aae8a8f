import { block, choice, type Program, program, type Step, step } from '../language/program.ts'
import type { Bounds } from '../memory/bounds.ts'
import type { Kvm } from '../memory/kvm.ts'
import { free_desc } from '../memory/rmap.ts'
import { write_lock } from './lock.ts'
import { synchronize_srcu } from './srcu.ts'
import { zap_all_fast } from './zap-all-fast.ts'
import { zap_memslot } from './zap-memslot.ts'

const since = 'v5.17..v6.16'
const update = { fn: 'kvm_set_memslot', since }
const swap = { fn: 'kvm_swap_active_memslots', since }

/** The slot that is deleted. */
export const DYING = 0

/**
 * Deletes memslot 0 (shadow-mmu.md 6.4; tdp-notifier-requests.md 5.2, 5.3): publish it as INVALID, wait for
 * whoever still uses it, zap, publish a set without it, wait again, free its arrays. slots_lock is held
 * throughout; slots_arch_lock, which vCPUs do not take here, is left out.
 */
export function memslotDelete(bounds: Bounds): Program<Kvm> {
  return program<Kvm>('memslot', 'deletes memslot 0', [
    choice(
      'idle',
      [
        step(
          'SL.1',
          {
            ...update,
            shows: 'slot 0: copy, KVM_MEMSLOT_INVALID',
            fused:
              'slots_lock keeps other updates out; the copy belongs to this thread until it is published.',
          },
          {
            when: (kvm) => kvm.memslot[0].left > 0,
            does: (kvm) => {
              kvm.memslot[0].left--
            },
          },
        ),
      ],
      { rests: true },
    ),
    publish('SL.2', 'invalid', 'slot 0 is INVALID'),
    synchronize_srcu('SL.3'),
    block('SL.5', [
      write_lock('ZF.1', 'memslot', { fn: 'kvm_arch_flush_shadow_memslot', since }),
      ...(bounds.preciseZap ? zap_memslot(bounds) : zap_all_fast(bounds)),
    ]),
    publish('SL.6', 'gone', 'slot 0 is gone'),
    synchronize_srcu('SL.6 wait'),
    step(
      'SL.7',
      {
        fn: 'kvm_free_memslot',
        since,
        shows: 'free the arrays of slot 0',
        fused:
          'Nobody can find the slot any more; whoever still uses it is at fault in any order. slots_lock is released.',
      },
      { does: free_arrays, to: 'idle' },
    ),
  ])
}

/** SL.2, SL.6: a new set of slots, not while a notifier is between its start and its end. */
export function publish(
  name: string,
  state: 'invalid' | 'gone',
  shows: string,
  may: (kvm: Kvm) => boolean = (kvm) => kvm.mn_active_invalidate_count === 0,
): Step<Kvm> {
  return step<Kvm>(
    name,
    {
      ...swap,
      shows: `kvm->memslots: ${shows}`,
      fused:
        'The test of mn_active_invalidate_count and the publication are under mn_invalidate_lock, which the notifier takes to count.',
    },
    {
      when: may,
      does: (kvm) => {
        kvm.slot[DYING].published = state
      },
    },
  )
}

/** What pointed into SPTEs from the arrays is gone with them. */
function free_arrays(kvm: Kvm): void {
  kvm.slot[DYING].arrays = 'freed'
  for (let gfn = 0; gfn < kvm.rmap.length; gfn++) {
    if (kvm.slot_of_gfn[gfn] !== DYING) continue
    for (const entries of kvm.rmap[gfn]) entries.clear()
    free_desc(kvm, gfn)
  }
}
