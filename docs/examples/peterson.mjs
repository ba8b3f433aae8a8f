// Peterson's algorithm for two processes, on the engine alone. Run with `node peterson.mjs` where mmucheck is installed.
import { breadthFirst } from 'mmucheck'
import { violationText } from 'mmucheck/counterexamples'
import { array, compose, each, flag, id, move, program, sort, step, struct } from 'mmucheck/language'

const proc = sort('proc', 2)
const world = struct({ wants: array(proc, flag), turn: id(proc) })
const other = (self) => 1 - self
const want = (value) => (w, self) => Object.assign(w.wants, { [self]: value })

// One step is one atomic action: it blocks until `when` is true, and `to` jumps.
const lock = program('proc', 'a process', [
  step('want', { shows: 'wants[self] = true' }, { does: want(true) }),
  step('yield', { shows: 'turn = other' }, { does: (w, self) => Object.assign(w, { turn: other(self) }) }),
  step(
    'wait',
    { shows: 'until !wants[other] || turn == self' },
    { when: (w, self) => !w.wants[other(self)] || w.turn === self },
  ),
  step('critical', { shows: 'critical section' }),
  step('leave', { shows: 'wants[self] = false' }, { does: want(false), to: 'want' }),
])

const exclusion = {
  kind: 'invariant',
  id: 'mutual-exclusion',
  title: 'At most one process is in the critical section.',
  holds: (_, at) => at.proc[0] !== 'critical' || at.proc[1] !== 'critical',
}

function check(name, patches) {
  const system = compose({ name, world, threads: [each(proc, lock)], initial: [() => {}], patches })
  const { states, properties } = breadthFirst(system, [exclusion])
  console.log(`${name}: ${properties[0].verdict}, ${states} states`)
  if (properties[0].trace !== null) console.log(violationText(system, exclusion, properties[0]))
}
check('peterson', [])
check('yields-first', [move('yield', { before: 'want' })])
