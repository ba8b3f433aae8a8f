import { choice, type Entry, inFunction, type Step, step, when } from '../../language/program.ts'
import type { ReadIn } from '../../language/versions.ts'
import { type Bounds, has_only_tdp } from '../../memory/bounds.ts'
import type { Kvm } from '../../memory/kvm.ts'
import { frames_in_slot, frames_of, next_frame } from '../../memory/notifier/range.ts'
import { kvm_zap_rmap } from '../../memory/shadow/rmap.ts'
import { flush_tlb_page } from '../../memory/vcpu/tlb.ts'
import { writeLock, writeUnlock } from '../primitives/lock.ts'
import { makeAllCpusRequest } from '../primitives/make-request.ts'
import { whileUnlocked } from '../primitives/rmap-lock.ts'
import { unmapTdpRange } from '../tdp/unmap-range.ts'

const since: ReadIn = 'v6.1..v7.2'
const breaks: ReadIn = 'v6.12..v7.2'
const unmap = { fn: 'kvm_unmap_gfn_range', since }
const walk = { fn: '__walk_slot_rmaps', since: breaks }

/**
 * The walk of `kvm_handle_hva_range()` over the slots of an event, with mmu_lock held, and of `kvm_unmap_gfn_range()` over
 * the frames of each. Every slot begins with `flush = false`, and gives the flush that it owes to the event (`ret |=`)
 * when it is done; while it is walked, mmu_lock is dropped only after that flush.
 * A VM without shadow pages has no rmaps, only roots of the TDP MMU.
 */
export function walkSlots(bounds: Bounds): Entry<Kvm>[] {
  return [
    ...inFunction('kvm_mmu_unmap_gfn_range', addRange(bounds)),
    ...inFunction(unmap.fn, ...(has_only_tdp(bounds) ? unmapTdpRange(bounds) : unmapRmaps(bounds))),
    nextSlot(bounds),
  ]
}

/** The walk over the rmaps of a slot. */
function unmapRmaps(bounds: Bounds): Entry<Kvm>[] {
  return [zapFrame(), ...when(bounds.notifier.breaks, ...lockBreak(bounds)), nextFrame(bounds)]
}

/** NS.5 slot: from here on, faults on the frames of this slot are retried. */
export function addRange(bounds: Bounds, adds: 'its range' | 'no range' = 'its range'): Step<Kvm> {
  return step(
    'NS.5 slot',
    {
      fn: 'kvm_mmu_unmap_gfn_range',
      since,
      c: { 'v6.1': null, 'v6.12': 'kvm_mmu_invalidate_range_add(' },
      shows: (kvm, n) => {
        const frames = frames_in_slot(kvm, n, bounds).join(', ')
        return adds === 'no range' ? `slot with gfn ${frames}` : `range += gfn ${frames}`
      },
      fused: 'The flag `flush` that kvm_unmap_gfn_range() begins with is a local variable.',
    },
    {
      does: (kvm, n) => {
        kvm.notifier[n].slot_flush = false
        if (adds === 'no range') return
        for (const gfn of frames_in_slot(kvm, n, bounds)) kvm.mmu_invalidate.range.add(gfn)
      },
    },
  )
}

/** NS.5 of a frame in the range. */
function zapFrame(): Step<Kvm> {
  const gfn_of = (kvm: Kvm, n: number): number => kvm.notifier[n].gfn as number
  return step(
    'NS.5',
    {
      ...unmap,
      c: { 'v6.1': 'kvm_zap_rmap', 'v6.12': '__kvm_rmap_zap_gfn_range(' },
      shows: (kvm, n) => `kvm_zap_rmap(gfn ${gfn_of(kvm, n)})`,
      fused: 'All SPTEs of one frame at once: each only goes away, and the flush comes after the last.',
    },
    {
      ...whileUnlocked(gfn_of),
      does: (kvm, n) => {
        kvm.notifier[n].zapped.add(gfn_of(kvm, n))
        if (kvm_zap_rmap(kvm, gfn_of(kvm, n))) kvm.notifier[n].slot_flush = true
      },
    },
  )
}

/** NS.5 break: mmu_lock may be dropped after each rmap, if the event may block and another thread waits. */
function lockBreak(bounds: Bounds): Entry<Kvm>[] {
  const owed = (kvm: Kvm, n: number): boolean => kvm.notifier[n].slot_flush
  const to = bounds.notifier.rangedFlush ? 'NS.5 hypercall' : 'NS.5 flush'
  return inFunction(
    walk.fn,
    choice('NS.5 resched', [
      step(
        'NS.5 stay',
        { ...walk, c: 'need_resched()', shows: 'keep mmu_lock', quiet: true },
        { to: 'NS.5 next' },
      ),
      step(
        'NS.5 break',
        { ...walk, c: 'need_resched()', shows: (kvm, n) => `flush owed = ${owed(kvm, n)}` },
        [
          { when: (kvm, n) => !owed(kvm, n), to: 'NS.5 unlock' },
          {
            does: (kvm, n) => {
              kvm.notifier[n].slot_flush = false
            },
            to,
          },
        ],
      ),
    ]),
    ...(bounds.notifier.rangedFlush
      ? [flushRange(bounds)]
      : [makeAllCpusRequest('NS.5 flush', 'TLB_FLUSH', bounds.vcpus, (kvm, n) => kvm.notifier[n].req)]),
    writeUnlock('NS.5 unlock', {
      ...walk,
      c: 'cond_resched_rwlock_write(',
      shows: 'cond_resched_rwlock_write()',
    }),
    writeLock('NS.5 lock', 'notifier', { ...walk, c: 'cond_resched_rwlock_write(' }),
  )
}

/** The frames that a flush in the walk covers: from the first of the slot to the one that the walk is at. */
export type Flushed = (kvm: Kvm, n: number, bounds: Bounds) => readonly number[]

const sinceStart: Flushed = (kvm, n, bounds) => {
  const frames = frames_in_slot(kvm, n, bounds)
  return frames.slice(0, frames.indexOf(kvm.notifier[n].gfn as number) + 1)
}

/** NS.5 hypercall: a host that runs on Hyper-V has it flush a range on all CPUs, without a request. */
export function flushRange(bounds: Bounds, flushed: Flushed = sinceStart): Step<Kvm> {
  return step(
    'NS.5 hypercall',
    {
      ...walk,
      c: 'kvm_flush_remote_tlbs_range(',
      shows: (kvm, n) => `kvm_flush_remote_tlbs_range(gfn ${flushed(kvm, n, bounds).join(', ')})`,
      fused: 'The hypercall returns when no CPU uses the translations any more.',
    },
    {
      does: (kvm, n) => {
        for (const gfn of flushed(kvm, n, bounds)) flush_tlb_page(kvm, kvm.host_pte[gfn])
      },
    },
  )
}

/** NS.5 next: the next frame of the slot. */
function nextFrame(bounds: Bounds): Step<Kvm> {
  const next = (kvm: Kvm, n: number): number | null => {
    const gfn = next_frame(kvm, n, bounds)
    return gfn !== null && frames_in_slot(kvm, n, bounds).includes(gfn) ? gfn : null
  }
  return step(
    'NS.5 next',
    {
      ...unmap,
      c: { none: 'model' },
      shows: (kvm, n) => (next(kvm, n) === null ? 'end of the slot' : `gfn ${next(kvm, n)}`),
      quiet: true,
    },
    [
      {
        when: (kvm, n) => next(kvm, n) !== null,
        does: (kvm, n) => {
          kvm.notifier[n].gfn = next(kvm, n)
        },
        to: 'NS.5',
      },
      {},
    ],
  )
}

/** NS.5 end: `ret |= handler()`, and the next slot of the range. */
export function nextSlot(bounds: Bounds, keeps: 'what is owed' | 'the last' = 'what is owed'): Step<Kvm> {
  const give = (kvm: Kvm, n: number): void => {
    const local = kvm.notifier[n]
    local.flush = local.slot_flush || (keeps === 'what is owed' && local.flush)
    local.slot_flush = false
  }
  return step(
    'NS.5 end',
    {
      fn: 'kvm_handle_hva_range',
      since,
      c: {
        'v6.1': {
          fn: 'kvm_mmu_notifier_invalidate_range_start',
          callee: '__kvm_handle_hva_range',
          at: 'range->handler(',
        },
        'v7.2': {
          fn: 'kvm_mmu_notifier_invalidate_range_start',
          callee: 'kvm_handle_hva_range',
          at: 'range->handler(',
        },
      },
      shows: (kvm, n) => `ret ${keeps === 'the last' ? '' : '|'}= ${kvm.notifier[n].slot_flush}`,
    },
    [
      {
        when: (kvm, n) => next_frame(kvm, n, bounds) !== null,
        does: (kvm, n) => {
          give(kvm, n)
          kvm.notifier[n].gfn = next_frame(kvm, n, bounds)
        },
        to: 'NS.5 slot',
      },
      {
        does: (kvm, n) => {
          give(kvm, n)
          // What the host does then begins with the first page again.
          kvm.notifier[n].gfn = frames_of(kvm, n, bounds)[0]
        },
      },
    ],
  )
}
