import { program, step } from '../../model/language/program.ts'
import type { Property } from '../../model/language/property.ts'
import { array, range, ref, sort, struct, type View } from '../../model/language/shapes.ts'
import { compose, each, type System } from '../../model/language/system.ts'
import { idsOf } from './actions.ts'

/**
 * The filter lock (Peterson 1981, in the form of Herlihy and Shavit, "The Art of Multiprocessor
 * Programming", 2.4) for `size` threads. Waiting blocks: a step that cannot pass is not taken.
 */
export function filterLock(size: number): System {
  const thread = sort('thread', size)
  const top = size - 1
  const world = struct({
    level: array(thread, range(0, top)),
    /** By level, from 1: the thread that came last. */
    victim: array(top, ref(thread)),
  })
  type World = View<typeof world>
  const mayPass = (w: World, i: number): boolean =>
    w.victim[w.level[i] - 1] !== i || idsOf(thread).every((k) => k === i || w.level[k] < w.level[i])

  const locker = program<World>('thread', 'a thread that locks and unlocks forever', [
    step(
      'raise',
      { shows: 'level[me]++' },
      {
        does: (w, i) => {
          w.level[i]++
        },
      },
    ),
    step(
      'yield',
      { shows: 'victim[level] = me' },
      {
        does: (w, i) => {
          w.victim[w.level[i] - 1] = i
        },
      },
    ),
    step('wait', { shows: 'while (others at my level or above and victim[level] == me)' }, [
      { when: (w, i) => mayPass(w, i) && w.level[i] < top, to: 'raise' },
      { when: mayPass },
    ]),
    step(
      'unlock',
      { shows: 'level[me] = 0' },
      {
        does: (w, i) => {
          w.level[i] = 0
        },
        to: 'raise',
      },
    ),
  ])
  return compose({
    name: `filter-lock-${size}`,
    world,
    threads: [each(thread, locker)],
    initial: [() => {}],
    symmetric: [thread],
  })
}

/** At most one thread is past the last level. */
export const mutualExclusion: Property<unknown> = {
  kind: 'invariant',
  id: 'mutual-exclusion',
  title: 'At most one thread holds the lock',
  holds: (_, at) => {
    let holders = 0
    for (let i = 0; i < at.thread.length; i++) if (at.thread[i] === 'unlock') holders++
    return holders <= 1
  },
}
