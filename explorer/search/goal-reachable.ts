import type { GoalReachable } from '../../counterexamples/verifier.ts'
import type { OopsFreedom, Witness } from '../../model/language/property.ts'
import type { System } from '../../model/language/system.ts'
import { breadthFirst } from './breadth-first.ts'
import type { Limits } from './limits.ts'

/** How to look for a goal. */
export interface GoalSearch extends Limits {
  /** Oopses that may end a behaviour before the goal. After any other oops the answer is unknown. */
  readonly faults?: readonly OopsFreedom[]
}

/**
 * Decides whether a goal can still be reached from a state, by a search from there. Results are cached, because traces
 * that differ only in the order of steps mostly end in the same state.
 */
export function goalReachableIn(system: System, { faults = [], ...limits }: GoalSearch = {}): GoalReachable {
  const answers = new WeakMap<object, Map<string, boolean | null>>()
  return (encoded, goal) => {
    const known = answers.get(goal) ?? new Map<string, boolean | null>()
    answers.set(goal, known)
    const state = String.fromCharCode(...encoded)
    const before = known.get(state)
    if (before !== undefined) return before
    const witness: Witness<never> = {
      id: 'goal',
      kind: 'witness',
      title: 'The goal can be reached.',
      seen: goal,
    }
    const from: System = { ...system, initial: [encoded] }
    const asked = [witness, ...faults]
    const { verdict, upTo } = breadthFirst(from, asked, limits).properties[0]
    const answer = verdict === 'inconclusive' && upTo === null ? null : verdict === 'reached'
    known.set(state, answer)
    return answer
  }
}
