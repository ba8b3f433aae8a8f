import {
  type Block,
  block,
  choice,
  type Entry,
  inFunction,
  type Program,
  program,
  type Step,
  step,
  when,
} from '../../language/program.ts'
import type { ReadIn } from '../../language/versions.ts'
import type { Bounds } from '../../memory/bounds.ts'
import type { Kvm } from '../../memory/kvm.ts'
import { DYING } from '../../memory/memslots/memslot.ts'
import { installMemslots, type MemslotsUpdate } from '../primitives/install-memslots.ts'
import { kickAllVcpus } from '../primitives/kick.ts'
import { writeLock } from '../primitives/lock.ts'
import { synchronizeSrcu } from '../primitives/srcu.ts'
import { zapAllFast } from '../zap/zap-all-fast.ts'

const since: ReadIn = 'v5.17..v7.2'
const update = { fn: 'kvm_set_memslot', since }
const swap = { fn: 'kvm_swap_active_memslots', since }

/** Lookups find the slot. */
export const CREATED: MemslotsUpdate = {
  shows: 'slot 0',
  does: (kvm) => {
    kvm.slot[DYING].installed = 'valid'
  },
  newGeneration: true,
}

/**
 * Creates memslot 0. The generation changes after every reader of the old memslots has left, so that MMIO SPTEs
 * that such a reader has tagged are stale from then on.
 */
export function memslotCreate(bounds: Bounds): Program<Kvm> {
  const wraps = bounds.memslots.generations > 0
  const next = (kvm: Kvm): number => (wraps ? kvm.memslot[0].gen : kvm.memslots.generation + 1)
  return program<Kvm>(
    'memslot',
    'creates memslot 0',
    [
      choice(
        'idle',
        [
          step(
            'SC.1',
            {
              ...update,
              c: { callee: 'kvm_prepare_memory_region', at: 'kvm_arch_prepare_memory_region(' },
              shows: 'allocate the arrays of slot 0',
              fused:
                'slots_lock excludes other updates; the slot is private to this thread until it is installed.',
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
        { validEnd: true },
      ),
      installMemslots('SC.2', CREATED),
      ...inFunction(
        swap.fn,
        synchronizeSrcu('SC.3'),
        ...when<Entry<Kvm>>(wraps, nextGeneration(bounds), memslotsUpdated(bounds)),
        ...kickAllVcpus('SC.4 kick', bounds, (kvm) => kvm.memslot[0].req),
      ),
      step(
        'SC.4',
        { ...swap, c: 'slots->generation = gen;', shows: (kvm) => `slots->generation = ${next(kvm)}` },
        {
          does: (kvm) => {
            kvm.memslots.generation = next(kvm)
            kvm.memslots.update_in_progress = false
          },
        },
      ),
      step(
        'SC.5',
        { ...update, c: 'kvm_commit_memory_region(', shows: 'mutex_unlock(&kvm->slots_lock)' },
        {
          does: (kvm) => {
            kvm.memslot[0].gen = 0
          },
          to: 'idle',
        },
      ),
    ],
    { fn: update.fn },
  )
}

/** SC.4: generations advance by the number of address spaces, so that no two address spaces share one. */
function nextGeneration({ memslots: { addressSpaceBits, generations } }: Bounds): Step<Kvm> {
  const addressSpaces = 1 << addressSpaceBits
  const next = (kvm: Kvm): number => (kvm.memslots.generation + addressSpaces) % generations
  return step(
    'SC.4 gen',
    {
      ...swap,
      c: 'gen +=',
      shows: (kvm) => `gen += ${addressSpaces}: ${next(kvm)} (MMIO SPTEs have ${generations})`,
    },
    {
      does: (kvm) => {
        kvm.memslot[0].gen = next(kvm)
      },
    },
  )
}

/**
 * `kvm_arch_memslots_updated()`: when the generation wraps, MMIO SPTEs of an earlier cycle would count as current,
 * so everything is zapped.
 */
function memslotsUpdated(bounds: Bounds): Block<Kvm> {
  const fn = 'kvm_arch_memslots_updated'
  return block(
    'SC.4 updated',
    [
      ...inFunction(
        'kvm_mmu_invalidate_mmio_sptes',
        wrapTest((gen) => gen >> bounds.memslots.addressSpaceBits === 0),
        writeLock('ZF.1', 'memslot', { fn: 'kvm_mmu_zap_all_fast', since }),
        ...zapAllFast(bounds),
      ),
      step('SC.4 zapped', { fn, since, c: { none: 'model' }, shows: 'return', quiet: true }),
    ],
    { fn },
  )
}

/** SC.4 wrap, with the test of a design for a wrapped generation. */
export function wrapTest(wrapped: (gen: number) => boolean): Step<Kvm> {
  return step(
    'SC.4 wrap',
    {
      fn: 'kvm_mmu_invalidate_mmio_sptes',
      since: 'v5.1..v7.2',
      c: 'gen == 0',
      shows: (kvm) => `gen ${kvm.memslot[0].gen}: wrapped = ${wrapped(kvm.memslot[0].gen)}`,
    },
    [{ when: (kvm) => !wrapped(kvm.memslot[0].gen), to: 'SC.4 zapped' }, {}],
  )
}
