import { getAdjacencyMap } from 'xstate/graph'
import { eventOf } from '../../model/language/machine.ts'
import type { System } from '../../model/language/system.ts'
import type { Counts } from './catalogue.ts'

/** The states and enabled steps that xstate's own graph utilities find on a reference machine. */
export function adjacency({ machine, threads }: System): Counts {
  const events = threads.flatMap((t) => t.flow.steps.map(({ path }) => ({ type: eventOf(t.name, path) })))
  const map = getAdjacencyMap(machine, {
    events: (snapshot) => events.filter((event) => snapshot.can(event)),
  })
  const nodes = Object.values(map)
  return {
    states: nodes.length,
    transitions: nodes.reduce((sum, node) => sum + Object.keys(node.transitions).length, 0),
  }
}
