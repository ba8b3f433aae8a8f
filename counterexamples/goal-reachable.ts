import { breadthFirst } from '../explorer/search/breadth-first.ts'
import type { Limits } from '../explorer/search/limits.ts'
import type { Witness } from '../model/language/property.ts'
import type { System } from '../model/language/system.ts'
import type { GoalReachable } from './violation.ts'

/** Decides by a search from the state whether a goal can still be reached. */
export function goalReachableIn(system: System, limits: Limits = {}): GoalReachable {
  return (codes, goal) => {
    const witness: Witness<never> = {
      id: 'goal',
      kind: 'witness',
      title: 'The goal can be reached.',
      seen: goal,
    }
    const from: System = { ...system, initial: [codes] }
    const { verdict } = breadthFirst(from, [witness as unknown as Witness<unknown>], limits).properties[0]
    return verdict === 'inconclusive' ? null : verdict === 'holds'
  }
}
