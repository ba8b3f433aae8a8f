import type { WayOnFrom } from '../../counterexamples/verifier.ts'
import type { DeadlockFreedom, Eventually } from '../../model/language/property.ts'
import type { System } from '../../model/language/system.ts'
import { breadthFirst } from './breadth-first.ts'
import type { GoalSearch } from './goal-reachable.ts'

const DEAD_END: DeadlockFreedom = { id: 'dead-end', kind: 'deadlock', title: 'There is no dead end.' }

/** States in which to look for a way on; a diagram is drawn without one if these are not enough. */
const MOST_STATES = 100_000

/**
 * Finds how a behaviour continues once a goal is out of reach: the shortest way to a dead end, or else the way to a loop
 * that is fair to every thread, or else, where every way ends in an oops, the shortest of those.
 */
export function wayOnIn(
  system: System,
  { faults = [], maxStates = MOST_STATES, ...limits }: GoalSearch = {},
): WayOnFrom {
  return (encoded, goal) => {
    const from: System = { ...system, initial: [encoded] }
    const reached: Eventually<never> = { id: 'goal', kind: 'eventually', title: 'The goal is reached.', goal }
    const asked = [DEAD_END, reached, ...faults]
    const [end, loop, ...oopses] = breadthFirst(from, asked, { maxStates, ...limits }).properties
    if (end.trace !== null || loop.trace !== null) return end.trace ?? loop.trace
    // Neither up to the oopses: no way is left but to one of them.
    const isEach = end.upTo !== null && loop.upTo !== null
    const ways = oopses.flatMap(({ trace }) => (trace === null ? [] : [trace]))
    return isEach ? (ways.sort((a, b) => a.steps.length - b.steps.length).at(0) ?? null) : null
  }
}
