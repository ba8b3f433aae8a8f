import { Components, marked } from './components.ts'
import type { LabelledGraph } from './labelled-graph.ts'
import type { Loop } from './lasso.ts'
import { Walker } from './paths.ts'

/**
 * Finds the states that lie on a cycle of steps of a single thread through allowed states.
 * @param own by step number, 1 for the thread's steps.
 * @returns for each state the number of its strongly connected component of such steps, or -1 if it is on no cycle.
 */
export function soloComponents(graph: LabelledGraph, allowed: Uint8Array, own: Uint8Array): Int32Array {
  const { first, targets, labels } = graph
  const region = new Int32Array(graph.states).fill(-1)
  const members = marked(allowed, graph.expanded)
  for (const s of members) region[s] = 0
  const result = new Int32Array(graph.states).fill(-1)
  const hasSelfLoop = (s: number): boolean => {
    for (let e = first[s]; e < first[s + 1]; e++) if (targets[e] === s && own[labels[e]] !== 0) return true
    return false
  }
  let found = 0
  new Components(graph).each(members, region, 0, own, (states, from, to) => {
    if (to - from === 1 && !hasSelfLoop(states[from])) return
    for (let i = from; i < to; i++) result[states[i]] = found
    found++
  })
  return result
}

/** A shortest cycle through `entry` by steps of one thread; `component` is the result of `soloComponents`. */
export function soloLoop(graph: LabelledGraph, own: Uint8Array, component: Int32Array, entry: number): Loop {
  const walker = new Walker(graph, (s) => component[s] === component[entry], own)
  const edges = walker.nearest(entry, (e) => graph.targets[e] === entry)
  if (edges === null) throw new Error(`state ${entry} lies on no cycle`)
  return { edges, states: [entry, ...edges.map((e) => graph.targets[e])] }
}
