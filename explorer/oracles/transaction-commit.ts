import { array, oneOf, sort, struct, type View } from '../../model/language/shapes.ts'
import { compose, each, type System } from '../../model/language/system.ts'
import { actions } from './actions.ts'

/** Transaction commit (Gray and Lamport 2004) with `size` resource managers, as in TLA+ Examples' TCommit. */
export function transactionCommit(size: number): System {
  const rm = sort('rm', size)
  const world = struct({ rmState: array(rm, oneOf('working', 'prepared', 'committed', 'aborted')) })
  type World = View<typeof world>
  const canCommit = (w: World): boolean => [...w.rmState].every((s) => s === 'prepared' || s === 'committed')
  const noneCommitted = (w: World): boolean => [...w.rmState].every((s) => s !== 'committed')

  const manager = actions<World>('rm', 'a resource manager', {
    prepare: {
      when: (w, r) => w.rmState[r] === 'working',
      does: (w, r) => {
        w.rmState[r] = 'prepared'
      },
    },
    commit: {
      when: (w, r) => w.rmState[r] === 'prepared' && canCommit(w),
      does: (w, r) => {
        w.rmState[r] = 'committed'
      },
    },
    abort: {
      when: (w, r) => (w.rmState[r] === 'working' || w.rmState[r] === 'prepared') && noneCommitted(w),
      does: (w, r) => {
        w.rmState[r] = 'aborted'
      },
    },
  })
  return compose({
    name: `transaction-commit-${size}`,
    world,
    threads: [each(rm, manager)],
    initial: [() => {}],
    symmetric: [rm],
  })
}
