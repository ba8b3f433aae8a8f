import { choice, type Entry, inFunction, type Step, step, when } from '../../language/program.ts'
import type { ReadIn } from '../../language/versions.ts'
import type { Bounds } from '../../memory/bounds.ts'
import type { Kvm } from '../../memory/kvm.ts'
import { frames_in_slot } from '../../memory/notifier/range.ts'
import type { ShadowPage } from '../../memory/shadow/fields.ts'
import { clear_spte } from '../../memory/shadow/shadow-page.ts'
import type { RootWalk } from '../../memory/tdp/fields.ts'
import { end_of_walk } from '../../memory/tdp/iter.ts'
import { kvm_tdp_mmu_get_root, next_root } from '../../memory/tdp/roots.ts'
import { writeLock, writeUnlock } from '../primitives/lock.ts'
import { makeAllCpusRequest } from '../primitives/make-request.ts'
import { putRoot } from './put-root.ts'

const since: ReadIn = 'v6.1..v7.2'
const leaves = { fn: 'tdp_mmu_zap_leafs', since }
const roots = { fn: 'tdp_mmu_next_root', since }
const yielding = { fn: 'tdp_mmu_iter_cond_resched', since }
const resched = { ...yielding, c: 'cond_resched_rwlock_write(' }

/** Where the walk continues when it has seen all roots. */
const END = 'NS.5 end'

const walk = (kvm: Kvm, n: number): RootWalk => kvm.notifier[n].tdp[0]

/**
 * NS.5 root to NS.5 tdp next: `kvm_tdp_mmu_unmap_gfn_range()` over the frames of one memslot, with mmu_lock held for
 * write: below every root, invalid ones included, the leaf SPTEs are zapped one after the other. Between two of them
 * the lock may be dropped, after the flush that is owed so far. The walk holds a reference to the root that it is
 * at. What is owed goes from root to root in `slot_flush`.
 */
export function unmapTdpRange(bounds: Bounds): Entry<Kvm>[] {
  const { breaks } = bounds.notifier
  return inFunction(
    'kvm_tdp_mmu_unmap_gfn_range',
    nextRoot(),
    step<Kvm>('NS.5 prev', { ...roots, c: { none: 'model' }, shows: 'prev_root', quiet: true }, [
      { when: (kvm, n) => walk(kvm, n).prev_root === null, to: 'NS.5 walk' },
      {},
    ]),
    ...inFunction<Kvm>(
      roots.fn,
      putRoot('NS.5 put', {
        root: (kvm, n) => walk(kvm, n).prev_root as number,
        forget: (kvm, n) => {
          walk(kvm, n).prev_root = null
        },
      }),
    ),
    startWalk(bounds),
    zapLeafInRange(),
    nextLeaf(bounds),
    ...when(breaks, ...yieldLock(bounds)),
  )
}

/** NS.5 root: a reference to the next root is got before that to the last one is put. */
export function nextRoot(gets = true): Step<Kvm> {
  const next = (kvm: Kvm, n: number): number | null => next_root(kvm, walk(kvm, n).root)
  return step(
    'NS.5 root',
    {
      ...roots,
      c: 'kvm_tdp_mmu_get_root(',
      shows: (kvm, n) => `next root: ${next(kvm, n) ?? 'none'}`,
    },
    {
      does: (kvm, n) => {
        const local = walk(kvm, n)
        const root = next(kvm, n)
        if (gets) local.prev_root = local.root
        local.root = root
        if (gets && root !== null) kvm_tdp_mmu_get_root(kvm, root)
      },
    },
  )
}

/**
 * NS.5 walk: `tdp_iter_start()` at the first frame, or the end of the walk over roots.
 * @param before what a design does before either.
 */
export function startWalk(bounds: Bounds, before: (kvm: Kvm, n: number) => void = () => {}): Step<Kvm> {
  return step(
    'NS.5 walk',
    {
      ...leaves,
      c: 'rcu_read_lock(',
      shows: (kvm, n) =>
        walk(kvm, n).root === null ? 'end of tdp_mmu_roots' : `walk page ${walk(kvm, n).root}`,
      quiet: true,
    },
    [
      {
        when: (kvm, n) => walk(kvm, n).root === null,
        does: (kvm, n) => {
          before(kvm, n)
          const frames = frames_in_slot(kvm, n, bounds)
          for (const gfn of frames) kvm.notifier[n].zapped.add(gfn)
          kvm.notifier[n].gfn = frames[frames.length - 1]
        },
        to: END,
      },
      {
        does: (kvm, n) => {
          before(kvm, n)
          kvm.notifier[n].gfn = frames_in_slot(kvm, n, bounds)[0]
        },
      },
    ],
  )
}

/** NS.5 tdp of a frame in the range. @param owes_flush the roots for whose SPTEs a flush is owed. */
export function zapLeafInRange(
  owes_flush: (root: ShadowPage) => boolean = ({ role_invalid }) => !role_invalid,
): Step<Kvm> {
  return step(
    'NS.5 tdp',
    {
      ...leaves,
      c: { 'v6.1': 'tdp_mmu_set_spte(', 'v6.12': 'tdp_mmu_iter_set_spte(' },
      shows: (kvm, n) => {
        const { entry } = end_of_walk(kvm, walk(kvm, n).root as number, kvm.notifier[n].gfn as number)
        return `page ${walk(kvm, n).root}: zap the SPTE of gfn ${kvm.notifier[n].gfn}: ${entry.kind}`
      },
      fused:
        'The way down and the leaf: with mmu_lock held for write no other thread changes what is present, and the walk restarts after each yield.',
    },
    {
      does: (kvm, n) => {
        const root = walk(kvm, n).root as number
        const { entry } = end_of_walk(kvm, root, kvm.notifier[n].gfn as number)
        if (next_root(kvm, root) === null) kvm.notifier[n].zapped.add(kvm.notifier[n].gfn as number)
        if (entry.kind !== 'leaf') return
        clear_spte(entry)
        if (owes_flush(kvm.page[root])) kvm.notifier[n].slot_flush = true
      },
    },
  )
}

/** NS.5 tdp next: the next entry; an entry that is not present, or huge, stands for all of its frames. */
function nextLeaf(bounds: Bounds): Step<Kvm> {
  const next = (kvm: Kvm, n: number): number | undefined => {
    const gfn = kvm.notifier[n].gfn as number
    const { level } = end_of_walk(kvm, walk(kvm, n).root as number, gfn)
    const block = (frame: number): number => Math.floor(frame / bounds.guest.entries ** (level - 1))
    const frames = frames_in_slot(kvm, n, bounds)
    return frames.slice(frames.indexOf(gfn)).find((frame) => block(frame) !== block(gfn))
  }
  return step(
    'NS.5 tdp next',
    {
      ...leaves,
      c: 'for_each_tdp_pte_min_level(',
      outOfOrder: 'because the macro is the head of the loop',
      shows: (kvm, n) => (next(kvm, n) === undefined ? 'end of the range' : `gfn ${next(kvm, n)}`),
      quiet: true,
    },
    [
      { when: (kvm, n) => next(kvm, n) === undefined, to: 'NS.5 root' },
      {
        does: (kvm, n) => {
          kvm.notifier[n].gfn = next(kvm, n) as number
        },
        to: bounds.notifier.breaks ? 'NS.5 tdp resched' : 'NS.5 tdp',
      },
    ],
  )
}

/** NS.5 tdp resched: the lock may be dropped before an entry, if the event may block and another thread waits. */
function yieldLock({ vcpus }: Bounds): Entry<Kvm>[] {
  const owed = (kvm: Kvm, n: number): boolean => kvm.notifier[n].slot_flush
  const about = { ...yielding, c: 'tdp_mmu_iter_need_resched(' }
  return [
    choice('NS.5 tdp resched', [
      step(
        'NS.5 tdp stay',
        { ...about, c: { none: 'model' }, shows: 'keep mmu_lock', quiet: true },
        { to: 'NS.5 tdp' },
      ),
      step(
        'NS.5 tdp yield',
        { ...yielding, c: 'if (flush)', shows: (kvm, n) => `flush owed = ${owed(kvm, n)}` },
        [
          { when: (kvm, n) => !owed(kvm, n), to: 'NS.5 tdp unlock' },
          {
            does: (kvm, n) => {
              kvm.notifier[n].slot_flush = false
            },
            to: 'NS.5 tdp flush',
          },
        ],
      ),
    ]),
    makeAllCpusRequest('NS.5 tdp flush', 'TLB_FLUSH', vcpus, (kvm, n) => kvm.notifier[n].req),
    writeUnlock('NS.5 tdp unlock', { ...resched, shows: 'cond_resched_rwlock_write()' }),
    writeLock('NS.5 tdp lock', 'notifier', resched),
    step(
      'NS.5 tdp again',
      { ...leaves, c: { none: 'model' }, shows: 'continue', quiet: true },
      { to: 'NS.5 tdp' },
    ),
  ]
}
