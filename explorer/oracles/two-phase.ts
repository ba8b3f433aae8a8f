import { array, flag, oneOf, setOf, sort, struct, type View } from '../../model/language/shapes.ts'
import { compose, each, one, type System } from '../../model/language/system.ts'
import { actions } from './actions.ts'

/**
 * Two-phase commit (Gray and Lamport 2004) with `size` resource managers, as in TLA+ Examples' TwoPhase and
 * Stateright's 2pc example. Messages are never taken from the network.
 */
export function twoPhase(size: number): System {
  const rm = sort('rm', size)
  const world = struct({
    rmState: array(rm, oneOf('working', 'prepared', 'committed', 'aborted')),
    tmState: oneOf('init', 'committed', 'aborted'),
    /** Whose "prepared" message the transaction manager has received. */
    tmPrepared: setOf(rm),
    /** The network: who has sent "prepared", and whether "commit" and "abort" were sent. */
    prepared: setOf(rm),
    commit: flag,
    abort: flag,
  })
  type World = View<typeof world>

  const manager = actions<World>('rm', 'a resource manager', {
    prepare: {
      when: (w, r) => w.rmState[r] === 'working',
      does: (w, r) => {
        w.rmState[r] = 'prepared'
        w.prepared.add(r)
      },
    },
    'choose-to-abort': {
      when: (w, r) => w.rmState[r] === 'working',
      does: (w, r) => {
        w.rmState[r] = 'aborted'
      },
    },
    'receive-commit': {
      when: (w) => w.commit,
      does: (w, r) => {
        w.rmState[r] = 'committed'
      },
    },
    'receive-abort': {
      when: (w) => w.abort,
      does: (w, r) => {
        w.rmState[r] = 'aborted'
      },
    },
  })

  // One listener per resource manager: each "prepared" message is received separately.
  const listener = actions<World>('listener', "the transaction manager's ear for one resource manager", {
    'receive-prepared': {
      when: (w, r) => w.tmState === 'init' && w.prepared.has(r),
      does: (w, r) => w.tmPrepared.add(r),
    },
  })

  const transactionManager = actions<World>('tm', 'the transaction manager', {
    commit: {
      when: (w) => w.tmState === 'init' && w.tmPrepared.elements().length === size,
      does: (w) => {
        w.tmState = 'committed'
        w.commit = true
      },
    },
    abort: {
      when: (w) => w.tmState === 'init',
      does: (w) => {
        w.tmState = 'aborted'
        w.abort = true
      },
    },
  })

  return compose({
    name: `two-phase-${size}`,
    world,
    threads: [each(rm, manager), each(rm, listener), one(transactionManager)],
    initial: [() => {}],
    symmetric: [rm],
  })
}
