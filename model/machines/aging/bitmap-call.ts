import { type Block, block, type Entry, type Step, step } from '../../language/program.ts'
import type { Kvm } from '../../memory/kvm.ts'
import { writeLock, writeUnlock } from '../primitives/lock.ts'
import { tdpWalk } from './age-tdp.ts'
import { CALL, nextSlot, report, rmapWalk, toFirstSlot } from './aging-steps.ts'
import { haveRmaps, underMmuLock } from './locked-call.ts'

/** Mailed in 2023 and 2024, and not merged. */
const mailed = 'history'
const test = { fn: 'kvm_mmu_notifier_test_clear_young', since: mailed } as const
const END = 'AG.7'

type Answer = Kvm['aging'][number]['answer']
const FAST = 'YOUNG_FAST'
const UNRELIABLE = 'YOUNG_BITMAP_UNRELIABLE'

/** What becomes of a call whose lockless pass was unreliable. */
export interface Unreliable {
  /** A check before eviction: asks again under mmu_lock, or returns 0. */
  readonly eviction: 'under mmu_lock' | 'returns 0'
  /** What the lockless pass has found by then: forgotten, or part of the answer. */
  readonly found: 'forgotten' | 'kept'
  /** The walk of MGLRU: ignores it, or asks again without a bitmap. */
  readonly walk: 'ignored' | 'asks again'
  /** The slots after one with rmaps: looked at, or not (v2). */
  readonly rest: 'looked at' | 'left out'
  /** How the pass without mmu_lock clears A; default: by a cmpxchg. v2 clears the bit, whatever the entry has become. */
  readonly clear?: 'clears blindly'
}

/**
 * "Participate in bitmap-based PTE aging", v3 5/7 (April 2024): `kvm_arch_prepare_bitmap_age()` says whether Accessed
 * bits exist. The walk then tests TDP roots without mmu_lock into a bitmap, and clears what it has recorded; a check
 * before eviction clears at once. A slot with rmaps contributes nothing and makes the answer unreliable. Without a
 * bitmap the notifier then asks again under mmu_lock.
 *
 * The callers are those of v3 7/7: the walk ignores what the notifiers return and goes by the bitmap; the check before
 * eviction takes all but 0 for young, and looks at the neighbours only after YOUNG_FAST.
 */
export function bitmapCall(unreliable: Unreliable): Block<Kvm> {
  const stop = unreliable.rest === 'left out'
  return inCall([
    step(
      'V3.1',
      { fn: 'kvm_arch_prepare_bitmap_age', since: mailed, shows: (kvm) => `A bits = ${!kvm.without_ad}` },
      [
        { when: (kvm) => kvm.without_ad, to: 'V3.5' },
        { when: (kvm: Kvm, self: number) => kvm.aging[self].call === 'eviction', to: 'V3.c0' },
        {},
      ],
    ),
    isUnreliable('V3.t0', 'V3.tT1', stop ? 'V3.tfinish' : 'V3.tnext'),
    ...tdpWalk('V3.tT', 'records'),
    nextSlot('V3.tnext', 'V3.t0'),
    finish('V3.tfinish'),
    answers('V3.tor', ({ unreliable, recorded }) => (unreliable ? UNRELIABLE : recorded ? FAST : '0')),
    step(
      'V3.3',
      {
        fn: 'walk_pte_range',
        since: mailed,
        shows: (kvm, self) =>
          `${kvm.aging[self].answer}${asksAgain(kvm, self) ? ': ask again without a bitmap' : ' is ignored'}; bitmap: ${kvm.aging[self].recorded ? 'young' : 'nothing'}`,
      },
      [
        { when: asksAgain, does: first, to: 'LK.lock' },
        { when: (kvm, self) => !kvm.aging[self].recorded, to: END },
        { does: first },
      ],
    ),
    isUnreliable('V3.c0', 'V3.cT1', stop ? 'V3.cfinish' : 'V3.cnext'),
    ...tdpWalk('V3.cT', unreliable.clear ?? 'clears'),
    nextSlot('V3.cnext', 'V3.c0'),
    finish('V3.cfinish'),
    step('V3.end', { ...test, shows: (kvm, self) => `unreliable = ${kvm.aging[self].unreliable}` }, [
      { when: (kvm, self) => !kvm.aging[self].unreliable, to: 'V3.cor' },
      {
        when: () => unreliable.eviction === 'returns 0',
        does: (kvm, self) => {
          kvm.aging[self].young = false
        },
        to: 'V3.cor',
      },
      {
        does: (kvm, self) => {
          if (unreliable.found === 'forgotten') kvm.aging[self].young = false
          first(kvm, self)
        },
      },
    ]),
    step(
      'V3.5',
      {
        ...test,
        shows: (kvm, self) =>
          kvm.aging[self].call === 'walk' ? `return ${UNRELIABLE}` : 'no bitmap: ask again under mmu_lock',
      },
      [{ when: (kvm, self) => kvm.aging[self].call === 'walk', to: END }, {}],
    ),
    ...underMmuLock(),
    answers('V3.lor', ({ young }) => (young ? 'YOUNG' : '0'), 'V3.6'),
    answers('V3.cor', ({ young }) => (young ? FAST : '0')),
    step(
      'V3.6',
      {
        fn: 'folio_referenced_one',
        since: mailed,
        shows: (kvm, self) => {
          const { call, answer } = kvm.aging[self]
          if (call === 'walk') return `${answer} is ignored`
          return `${answer}: ${answer === '0' ? 'evict' : 'keep'} the page${answer === FAST ? ', and look around' : ''}`
        },
      },
      {
        does: (kvm, self) => {
          const { call, answer } = kvm.aging[self]
          if (call === 'eviction') kvm.aging[self].young = answer !== '0'
        },
      },
    ),
  ])

  function asksAgain(kvm: Kvm, self: number): boolean {
    return kvm.aging[self].answer === UNRELIABLE && unreliable.walk === 'asks again'
  }
}

/** `kvm_arch_finish_bitmap_age()`: arm64 would drop a lock here. */
function finish(name: string): Step<Kvm> {
  return step(name, {
    fn: 'kvm_arch_finish_bitmap_age',
    since: mailed,
    shows: 'nothing to do on x86',
    quiet: true,
  })
}

/** What KVM's notifier returns, in the generic layer, which ORs the answers of all subscribers; here there is one. */
function answers(name: string, of: (call: Kvm['aging'][number]) => Answer, to?: string): Step<Kvm> {
  return step<Kvm>(
    name,
    {
      fn: '__mmu_notifier_test_clear_young',
      since: mailed,
      shows: (kvm, self) => `young |= ${of(kvm.aging[self])}`,
    },
    {
      does: (kvm, self) => {
        kvm.aging[self].answer = of(kvm.aging[self])
      },
      ...(to === undefined ? {} : { to }),
    },
  )
}

/** Proposal 1 of the thread: the TDP part without mmu_lock, the rmaps of each slot under it. */
export function shadowPartLocked(): Block<Kvm> {
  return inCall([
    ...tdpWalk('AG.T'),
    haveRmaps('P1.0', 'AG.next', mailed),
    ...lockedRmaps(),
    nextSlot('AG.next', 'AG.T1'),
  ])
}

/**
 * Proposal 2: `kvm_arch_prepare_bitmap_age()` tests for rmaps as well. Then they are walked without any lock if they
 * appear after the test; with rmaps the walk's bitmap is not used.
 */
export function rmapsTestedInAdvance(): Block<Kvm> {
  return inCall([
    step(
      'P2.1',
      {
        fn: 'kvm_arch_prepare_bitmap_age',
        since: mailed,
        shows: (kvm) => `!kvm_memslots_have_rmaps() = ${!kvm.shadow_root_allocated}`,
      },
      [
        { when: (kvm, self) => kvm.shadow_root_allocated && kvm.aging[self].call === 'walk', to: END },
        { when: (kvm) => kvm.shadow_root_allocated, to: 'LK.lock' },
        {},
      ],
    ),
    ...tdpWalk('P2.T'),
    haveRmaps('P2.rmaps', 'P2.6', mailed),
    ...rmapWalk('P2', 'nothing'),
    nextSlot('P2.next', 'P2.T1'),
    step('P2.end', { ...test, shows: 'return MMU_NOTIFIER_YOUNG_FAST or 0', quiet: true }, { to: END }),
    ...underMmuLock(),
  ])
}

/**
 * v6 and v7: a caller that wants a fast answer only gets none from rmaps; for others they are walked.
 * @param under mmu_lock in v6, the lock bit of the rmap in v7.
 */
export function fastOnly(under: 'mmu_lock' | 'lock bit'): Block<Kvm> {
  return inCall([
    ...tdpWalk('AG.T'),
    step(
      'FO.1',
      {
        fn: 'kvm_age_gfn',
        since: mailed,
        shows: (kvm, self) =>
          `indirect_shadow_pages = ${kvm.indirect_shadow_pages}, fast_only = ${kvm.aging[self].call === 'walk'}`,
      },
      [
        {
          when: (kvm, self) => kvm.indirect_shadow_pages === 0 || kvm.aging[self].call === 'walk',
          to: 'AG.next',
        },
        {},
      ],
    ),
    ...(under === 'mmu_lock' ? lockedRmaps() : rmapWalk('AG', 'lock bit')),
    nextSlot('AG.next', 'AG.T1'),
  ])
}

/**
 * v5: test_clear_young_fast_only(), a separate notifier, looks at TDP roots without mmu_lock. The walk asks nothing
 * else; the check before eviction asks clear_young() as well if that has found nothing.
 */
export function fastOnlyNotifier(): Block<Kvm> {
  return inCall([
    ...tdpWalk('F5.T'),
    nextSlot('F5.next', 'F5.T1'),
    step(
      'F5.1',
      {
        fn: 'should_look_around',
        since: mailed,
        shows: (kvm, self) => `test_clear_young_fast_only() = ${kvm.aging[self].young}`,
      },
      [{ when: (kvm, self) => kvm.aging[self].young || kvm.aging[self].call === 'walk', to: END }, {}],
    ),
    ...underMmuLock(),
  ])
}

const inCall = (entries: Entry<Kvm>[]): Block<Kvm> => block(CALL, [...entries, report()], { fn: test.fn })

/** The rmaps of a slot under mmu_lock. */
function lockedRmaps(): Entry<Kvm>[] {
  return [
    writeLock('P1.lock', 'notifier', { ...test, c: { none: 'model' } }),
    ...rmapWalk('P1', 'mmu_lock'),
    writeUnlock('P1.unlock', { ...test, c: { none: 'model' } }),
  ]
}

function isUnreliable(name: string, otherwise: string, next: string): Step<Kvm> {
  return step(
    name,
    {
      fn: 'kvm_age_gfn',
      since: mailed,
      shows: (kvm) =>
        `kvm_memslots_have_rmaps() = ${kvm.shadow_root_allocated}${kvm.shadow_root_allocated ? ': unreliable' : ''}`,
    },
    [
      { when: (kvm) => !kvm.shadow_root_allocated, to: otherwise },
      {
        does: (kvm, self) => {
          kvm.aging[self].unreliable = true
        },
        to: next,
      },
    ],
  )
}

function first(kvm: Kvm, self: number): void {
  toFirstSlot(kvm, self)
  kvm.aging[self].unreliable = false
}
