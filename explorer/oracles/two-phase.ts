import { choice, program, step } from '../../model/language/program.ts'
import { array, flag, oneOf, setOf, sort, struct, type View } from '../../model/language/shapes.ts'
import { compose, each, one, type System } from '../../model/language/system.ts'

/** Two-phase commit (Gray and Lamport 2004) with `size` resource managers, as in TLA+ Examples' TwoPhase. */
export function twoPhase(size: number): System {
  const rm = sort('rm', size)
  const world = struct({
    rmState: array(rm, oneOf('working', 'prepared', 'committed', 'aborted')),
    tmState: oneOf('init', 'committed', 'aborted'),
    tmPrepared: setOf(rm),
    prepared: setOf(rm),
    commit: flag,
    abort: flag,
  })
  type World = View<typeof world>

  const manager = program<World>('rm', 'a resource manager', [
    choice('run', [
      step(
        'prepare',
        {},
        {
          when: (w, r) => w.rmState[r] === 'working',
          does: (w, r) => {
            w.rmState[r] = 'prepared'
            w.prepared.add(r)
          },
          to: 'run',
        },
      ),
      step(
        'choose-to-abort',
        {},
        {
          when: (w, r) => w.rmState[r] === 'working',
          does: (w, r) => {
            w.rmState[r] = 'aborted'
          },
          to: 'run',
        },
      ),
      step(
        'receive-commit',
        {},
        {
          when: (w) => w.commit,
          does: (w, r) => {
            w.rmState[r] = 'committed'
          },
          to: 'run',
        },
      ),
      step(
        'receive-abort',
        {},
        {
          when: (w) => w.abort,
          does: (w, r) => {
            w.rmState[r] = 'aborted'
          },
          to: 'run',
        },
      ),
    ]),
  ])

  // One listener per resource manager: the transaction manager receives each "prepared" message apart.
  const listener = program<World>('listener', "the transaction manager's ear for one resource manager", [
    choice('run', [
      step(
        'receive-prepared',
        {},
        {
          when: (w, r) => w.tmState === 'init' && w.prepared.has(r),
          does: (w, r) => w.tmPrepared.add(r),
          to: 'run',
        },
      ),
    ]),
  ])

  const transactionManager = program<World>('tm', 'the transaction manager', [
    choice('run', [
      step(
        'commit',
        {},
        {
          when: (w) => w.tmState === 'init' && w.tmPrepared.elements().length === size,
          does: (w) => {
            w.tmState = 'committed'
            w.commit = true
          },
          to: 'run',
        },
      ),
      step(
        'abort',
        {},
        {
          when: (w) => w.tmState === 'init',
          does: (w) => {
            w.tmState = 'aborted'
            w.abort = true
          },
          to: 'run',
        },
      ),
    ]),
  ])

  return compose({
    name: `two-phase-${size}`,
    world,
    threads: [each(rm, manager), each(rm, listener), one(transactionManager)],
    initial: [() => {}],
  }) as System
}
