import {
  block,
  choice,
  type Entry,
  inFunction,
  type Program,
  program,
  type Step,
  step,
} from '../../language/program.ts'
import type { ReadIn } from '../../language/versions.ts'
import type { Bounds } from '../../memory/bounds.ts'
import type { Kvm } from '../../memory/kvm.ts'
import { DYING } from '../../memory/memslots/memslot.ts'
import { free_desc } from '../../memory/shadow/rmap.ts'
import { installMemslots, type MemslotsUpdate } from '../primitives/install-memslots.ts'
import { kickAllVcpus } from '../primitives/kick.ts'
import { writeLock } from '../primitives/lock.ts'
import { synchronizeSrcu } from '../primitives/srcu.ts'
import { zapAllFast } from '../zap/zap-all-fast.ts'
import { zapMemslot } from './zap-memslot.ts'

const since: ReadIn = 'v5.17..v7.2'
const update = { fn: 'kvm_set_memslot', since }
const swap = { fn: 'kvm_swap_active_memslots', since }

/**
 * Deletes memslot 0: install it as INVALID, wait for its readers, zap, install memslots without it, wait again,
 * free its arrays. slots_lock is held throughout; slots_arch_lock, which no modelled vCPU takes, is left out.
 */
export function memslotDelete(bounds: Bounds): Program<Kvm> {
  const without: MemslotsUpdate = { ...GONE, newGeneration: bounds.memslots.mmio }
  return program<Kvm>(
    'memslot',
    'deletes memslot 0',
    byWayOfInvalid(bounds, installMemslots('SL.6', without)),
    { fn: update.fn },
  )
}

/** Takes slot 0 out of use by way of KVM_MEMSLOT_INVALID; `replace` installs the final memslots. */
export function byWayOfInvalid(bounds: Bounds, replace: Step<Kvm>): Entry<Kvm>[] {
  const zap = bounds.memslots.preciseZap ? 'kvm_mmu_zap_memslot' : 'kvm_mmu_zap_all_fast'
  return [
    choice(
      'idle',
      [
        step(
          'SL.1',
          {
            ...update,
            c: { callee: 'kvm_invalidate_memslot', at: 'kvm_copy_memslot(' },
            shows: 'copy slot 0',
            fused:
              'slots_lock excludes other updates; the copy is private to this thread until it is installed.',
          },
          {
            when: (kvm) => kvm.memslot[0].left > 0,
            does: (kvm) => {
              kvm.memslot[0].left--
            },
          },
        ),
      ],
      { validEnd: true },
    ),
    installMemslots('SL.2', { ...INVALID, newGeneration: bounds.memslots.mmio }),
    ...inFunction(
      swap.fn,
      synchronizeSrcu('SL.3'),
      ...kickAllVcpus('SL.4 kick', bounds, (kvm) => kvm.memslot[0].req),
      ...newGeneration('SL.4', bounds),
    ),
    block(
      'SL.5',
      [
        writeLock('ZF.1', 'memslot', { fn: zap, since }),
        ...(bounds.memslots.preciseZap ? zapMemslot(bounds) : zapAllFast(bounds)),
      ],
      { fn: 'kvm_arch_flush_shadow_memslot' },
    ),
    replace,
    ...inFunction(
      swap.fn,
      synchronizeSrcu('SL.6 wait'),
      ...kickAllVcpus('SL.6 kick', bounds, (kvm) => kvm.memslot[0].req),
      ...newGeneration('SL.6 gen', bounds),
    ),
    step(
      'SL.7',
      {
        fn: 'kvm_free_memslot',
        since,
        c: 'kfree(slot)',
        shows: 'free the arrays of slot 0',
        fused:
          'No lookup finds the slot any more, and a use of it is a use after free in any order. slots_lock is released.',
      },
      { does: free_arrays, to: 'idle' },
    ),
  ]
}

/** Lookups still find the slot, flagged INVALID. */
export const INVALID: MemslotsUpdate = {
  shows: 'slot 0 is INVALID',
  does: (kvm) => {
    kvm.slot[DYING].installed = 'invalid'
  },
}

/** Lookups do not find the slot. */
export const GONE: MemslotsUpdate = {
  shows: 'slot 0 is gone',
  does: (kvm) => {
    kvm.slot[DYING].installed = 'gone'
  },
}

/** SL.4: readers of the old memslots have left, so that MMIO SPTEs that they have tagged are stale from here on. */
function newGeneration(name: string, { memslots: { mmio } }: Bounds): Entry<Kvm>[] {
  if (!mmio) return []
  return [
    step(
      name,
      {
        ...swap,
        c: 'slots->generation = gen;',
        shows: (kvm) => `slots->generation = ${kvm.memslots.generation + 1}`,
      },
      {
        does: (kvm) => {
          kvm.memslots.generation++
          kvm.memslots.update_in_progress = false
        },
      },
    ),
  ]
}

/** Frees the arrays and, with them, the rmaps of the slot. */
function free_arrays(kvm: Kvm): void {
  kvm.slot[DYING].arrays = 'freed'
  for (let gfn = 0; gfn < kvm.rmap.length; gfn++) {
    if (kvm.slot_of_gfn[gfn] !== DYING) continue
    for (const entries of kvm.rmap[gfn]) entries.clear()
    free_desc(kvm, gfn)
  }
}
