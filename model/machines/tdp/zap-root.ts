import {
  type Block,
  block,
  type Case,
  choice,
  type Entry,
  type Step,
  step,
  when,
} from '../../language/program.ts'
import type { ReadIn } from '../../language/versions.ts'
import type { Bounds } from '../../memory/bounds.ts'
import type { Kvm } from '../../memory/kvm.ts'
import type { Spte } from '../../memory/shadow/fields.ts'
import { clear_spte } from '../../memory/shadow/shadow-page.ts'
import type { RootZapper } from '../../memory/tdp/fields.ts'
import {
  iter_spte,
  iter_table,
  read_spte,
  step_down,
  step_side,
  tdp_iter_restart,
  tdp_iter_start,
} from '../../memory/tdp/iter.ts'
import { thread_rcu_read_lock, thread_rcu_read_unlock } from '../../memory/tdp/rcu.ts'
import { copy_spte, is_present, same_spte } from '../../memory/tdp/spte.ts'
import { MEMSLOT_THREAD } from '../../memory/tdp/threads.ts'
import { threadReadLock, threadReadUnlock } from '../primitives/lock.ts'
import { handleRemovedPt, remove_table } from './removed-pt.ts'

const since: ReadIn = 'v6.1..v7.2'
const about = { fn: '__tdp_mmu_zap_root', since }
const iteration = { fn: 'tdp_iter_next', since }
const yielding = { fn: 'tdp_mmu_iter_cond_resched', since }

const iter = (kvm: Kvm): RootZapper => kvm.memslot[0].tdp[0]

/** The levels at which a root is zapped, one pass after the other; the last is that of the root. */
export type Passes = (levels: number) => readonly number[]

/** 4K, 2M, 1G and the root (v6.9). With fewer levels, as many of these. */
export const everyLevel: Passes = (levels) => Array.from({ length: levels }, (_, i) => i + 1)

/**
 * ZR: `tdp_mmu_zap_root()` of `iter.root` with mmu_lock held for read: in each pass, every present entry of its level is
 * cleared by cmpxchg, with what is below it. The lock may be dropped at every entry, without a flush. No flush follows
 * either: no vCPU is in the guest on an invalid root, and each flushes its TLB when it loads another.
 */
export function zapRoot(name: string, bounds: Bounds, passes: Passes = everyLevel): Block<Kvm> {
  const levels = passes(bounds.shadow.levels)
  return block(
    name,
    [
      startPass('ZR.1', levels[0], bounds),
      choice('ZR.2', [
        ...when(bounds.tdp.yields, yieldLock()),
        zapEntry(bounds),
        stepDown(bounds),
        step(
          'ZR.2 skip',
          {
            ...iteration,
            c: 'try_step_side(',
            shows: (kvm) => `${iter(kvm).old_spte.kind}: next entry`,
            quiet: true,
          },
          { when: (kvm) => !zaps(kvm) && !leads_down(kvm), to: 'ZR.3' },
        ),
      ]),
      block('ZR.2 removed', removedPt(bounds)),
      ...nextEntry(levels, bounds),
      step(
        'ZR.4',
        { ...iteration, c: { none: 'model' }, shows: () => 'read the first entry of the table' },
        { does: (kvm) => read_spte(kvm, iter(kvm), bounds), to: 'ZR.2' },
      ),
      ...when(bounds.tdp.yields, ...relock(bounds)),
      step(
        'ZR.end',
        { fn: 'tdp_mmu_zap_root', since, c: 'rcu_read_unlock(', shows: 'rcu_read_unlock()' },
        {
          does: (kvm) => {
            thread_rcu_read_unlock(kvm, MEMSLOT_THREAD)
            forget_iter(kvm)
          },
        },
      ),
    ],
    { fn: 'tdp_mmu_zap_root' },
  )
}

/** ZR.2 zap: clears the entry, unless it has changed since it was read. */
export function zapEntry(bounds: Bounds): Step<Kvm> {
  const entry = (kvm: Kvm): Spte => iter_spte(kvm, iter(kvm), bounds)
  const unchanged = (kvm: Kvm): boolean => same_spte(entry(kvm), iter(kvm).old_spte)
  const clear = (kvm: Kvm): void => clear_spte(entry(kvm))
  const cases: Case<Kvm>[] = [
    {
      // The cmpxchg has read the current value.
      when: (kvm) => !unchanged(kvm),
      does: (kvm) => read_spte(kvm, iter(kvm), bounds),
      to: 'ZR.2',
    },
    ...when(bounds.shadow.levels > 1, {
      when: (kvm: Kvm) => iter(kvm).old_spte.kind === 'non-leaf',
      does: (kvm: Kvm) => {
        remove_table(iter(kvm).removed, iter(kvm).level - 1, iter(kvm).old_spte.child as number)
        clear(kvm)
      },
      to: 'ZR.2 removed',
    }),
    { does: clear, to: 'ZR.3' },
  ]
  return whenever(
    zaps,
    step(
      'ZR.2 zap',
      {
        fn: 'tdp_mmu_set_spte_atomic',
        since,
        c: { 'v6.1': 'try_cmpxchg64(', 'v6.12': '__tdp_mmu_set_spte_atomic(' },
        shows: (kvm) => `page ${iter_table(kvm, iter(kvm))}: try_cmpxchg64(${entry(kvm).kind}, 0)`,
      },
      cases,
    ),
  )
}

/** The steps of a choice are enabled by the first condition of their cases. */
function whenever(condition: (kvm: Kvm, self: number) => boolean, of: Step<Kvm>): Step<Kvm> {
  const cases = of.cases.map((c) => ({
    ...c,
    when: (kvm: Kvm, self: number): boolean => condition(kvm, self) && (c.when?.(kvm, self) ?? true),
  }))
  return { ...of, cases }
}

/** The entry is present, and of the level of the pass. */
const zaps = (kvm: Kvm): boolean => is_present(iter(kvm).old_spte) && iter(kvm).level <= iter(kvm).min_level

/** The iterator tries to step down. */
const leads_down = (kvm: Kvm): boolean =>
  iter(kvm).level > iter(kvm).min_level && iter(kvm).old_spte.kind === 'non-leaf'

/** ZR.1: `tdp_iter_start()` of a pass. */
function startPass(name: string, level: number, bounds: Bounds): Step<Kvm> {
  return step(
    name,
    {
      fn: 'tdp_mmu_zap_root',
      since,
      c: 'rcu_read_lock(',
      shows: (kvm) => `rcu_read_lock(); zap page ${iter(kvm).root} at level ${level}`,
    },
    {
      does: (kvm) => {
        thread_rcu_read_lock(kvm, MEMSLOT_THREAD)
        tdp_iter_start(kvm, iter(kvm), level, bounds)
        read_spte(kvm, iter(kvm), bounds)
      },
      to: 'ZR.2',
    },
  )
}

/** ZR.2 down: the entry is read again before the iterator follows it. */
function stepDown(bounds: Bounds): Step<Kvm> {
  const again = (kvm: Kvm): Spte => iter_spte(kvm, iter(kvm), bounds)
  const down = step<Kvm>(
    'ZR.2 down',
    {
      fn: 'try_step_down',
      since,
      c: 'kvm_tdp_mmu_read_spte(',
      shows: (kvm) => `read the entry again: ${again(kvm).kind}`,
    },
    [
      {
        when: (kvm) => again(kvm).kind === 'non-leaf',
        does: (kvm) => step_down(iter(kvm), again(kvm).child as number, bounds),
        to: 'ZR.4',
      },
      { does: (kvm) => copy_spte(again(kvm), iter(kvm).old_spte), to: 'ZR.3' },
    ],
  )
  return whenever(leads_down, down)
}

/** handle_changed_spte() of a table that was unlinked; it can be of any level below the root. */
function removedPt(bounds: Bounds): Entry<Kvm>[] {
  const levels = Array.from({ length: bounds.shadow.levels - 1 }, (_, i) => i + 1)
  if (levels.length === 0) return []
  const [first, ...rest] = levels
  const of =
    (level: number) =>
    (kvm: Kvm): boolean =>
      iter(kvm).removed[level - 1].sp !== null
  const which =
    rest.length === 0
      ? []
      : [
          step<Kvm>(
            'which',
            {
              fn: '__handle_changed_spte',
              since,
              c: { none: 'model' },
              shows: 'a table was removed',
              quiet: true,
            },
            [...rest.map((level) => ({ when: of(level), to: `level ${level}` })), { to: `level ${first}` }],
          ),
        ]
  return [
    ...which,
    ...levels.flatMap((level): Entry<Kvm>[] => [
      handleRemovedPt(`level ${level}`, level, (kvm) => iter(kvm).removed, bounds),
      ...when(
        level < levels.length,
        step<Kvm>(
          `level ${level} end`,
          { fn: 'handle_removed_pt', since, c: { none: 'model' }, shows: 'return', quiet: true },
          { to: 'ZR.3' },
        ),
      ),
    ]),
  ]
}

/** ZR.3: the next entry of the pass, or the next pass. */
function nextEntry(levels: readonly number[], bounds: Bounds): Entry<Kvm>[] {
  const last = levels[levels.length - 1]
  const after = (level: number): number => levels[levels.indexOf(level) + 1]
  const at_end = (kvm: Kvm): boolean => {
    const { level, gfn, root } = iter(kvm)
    const { entries } = bounds.guest
    const root_level = kvm.page[root as number].level
    for (let l = level; l <= root_level; l++)
      if (Math.floor(gfn / entries ** (l - 1)) % entries !== entries - 1) return false
    return true
  }
  return [
    step(
      'ZR.3',
      {
        ...about,
        c: { 'v6.1': 'for_each_tdp_pte_min_level(', 'v7.2': 'for_each_tdp_pte_min_level_all(' },
        shows: (kvm) => (at_end(kvm) ? `level ${iter(kvm).min_level} is done` : 'read the next entry'),
        quiet: true,
      },
      [
        { when: (kvm) => at_end(kvm) && iter(kvm).min_level === last, to: 'ZR.end' },
        {
          when: at_end,
          does: (kvm) => {
            tdp_iter_start(kvm, iter(kvm), after(iter(kvm).min_level), bounds)
            read_spte(kvm, iter(kvm), bounds)
          },
          to: 'ZR.2',
        },
        {
          does: (kvm) => {
            step_side(kvm, iter(kvm), bounds)
            read_spte(kvm, iter(kvm), bounds)
          },
          to: 'ZR.2',
        },
      ],
    ),
  ]
}

/** ZR.2 yield: only after progress since the last time. The iterator's pointers mean nothing afterwards. */
function yieldLock(): Step<Kvm> {
  return step(
    'ZR.2 yield',
    { ...yielding, c: 'rcu_read_unlock(', shows: 'rcu_read_unlock(), to yield' },
    {
      when: (kvm) => iter(kvm).progress,
      does: (kvm) => thread_rcu_read_unlock(kvm, MEMSLOT_THREAD),
      to: 'ZR.2 unlock',
    },
  )
}

function relock(bounds: Bounds): Entry<Kvm>[] {
  const resched = { ...yielding, c: { 'v6.1': 'cond_resched_rwlock_read(' } } as const
  return [
    threadReadUnlock('ZR.2 unlock', MEMSLOT_THREAD, resched),
    threadReadLock('ZR.2 relock', MEMSLOT_THREAD, resched),
    step(
      'ZR.2 restart',
      {
        ...yielding,
        c: 'rcu_read_lock(',
        shows: (kvm) => `rcu_read_lock(); from the root towards gfn ${iter(kvm).next_last_level_gfn}`,
      },
      {
        does: (kvm) => {
          thread_rcu_read_lock(kvm, MEMSLOT_THREAD)
          tdp_iter_restart(kvm, iter(kvm), bounds)
          read_spte(kvm, iter(kvm), bounds)
        },
        to: 'ZR.2',
      },
    ),
  ]
}

/** Resets the iterator, so that it costs no states. */
function forget_iter(kvm: Kvm): void {
  const it = iter(kvm)
  for (let i = 0; i < it.pt_path.length; i++) it.pt_path[i] = null
  it.level = 1
  it.min_level = 1
  it.gfn = 0
  it.next_last_level_gfn = 0
  it.progress = false
  clear_spte(it.old_spte)
}
