import type { FairnessReason } from '../../../model/language/trace.ts'
import type { FairQuery } from './fair-components.ts'
import type { Constraint } from './fairness.ts'
import type { LabelledGraph } from './labelled-graph.ts'
import { Walker } from './paths.ts'

/** A closed walk. Without edges, the behaviour stops in its state. */
export interface Loop {
  readonly edges: readonly number[]
  /** States along the edges, the last equal to the first; one state if there is no edge. */
  readonly states: readonly number[]
}

/**
 * A closed walk through `entry` inside its fair component that is itself fair: it takes a step of each weak constraint,
 * or passes a state where it is not owed; it takes a step of each strong constraint that is owed on it; and it passes
 * a state of `again`.
 * @param component result of `fairComponents` for this query; `entry` must lie in a component.
 */
export function fairLoop(graph: LabelledGraph, query: FairQuery, component: Int32Array, entry: number): Loop {
  const walker = new Walker(graph, (s) => component[s] === component[entry])
  const { targets, labels } = graph
  const edges: number[] = []
  const states = [entry]
  const follow = (walk: readonly number[] | null, what: string): void => {
    if (walk === null) throw new Error(`state ${entry} lies in a fair component without ${what}`)
    edges.push(...walk)
    states.push(...walk.map((e) => targets[e]))
  }
  const { again, constraints } = query
  for (;;) {
    const before = edges.length
    if (again !== null && !states.some((s) => again[s] !== 0)) {
      follow(
        walker.nearest(states[states.length - 1], (e) => again[targets[e]] !== 0),
        'a state to return to',
      )
    }
    for (const constraint of constraints) {
      if (reasonFor(graph, constraint, { edges, states }) !== null) continue
      const { covers, owes, strong, name } = constraint
      follow(
        walker.nearest(
          states[states.length - 1],
          (e) => covers[labels[e]] !== 0 || (!strong && !owed(graph, owes, targets[e])),
        ),
        name,
      )
    }
    const last = states[states.length - 1]
    if (last !== entry) {
      follow(
        walker.nearest(last, (e) => targets[e] === entry),
        'a way back',
      )
    }
    // The way back may have passed a state that owes a strong constraint: then go round once more.
    if (edges.length === before) return { edges, states }
  }
}

/** Why a loop is fair, by constraint. @throws Error for a loop that is not fair. */
export function reasonsFor(
  graph: LabelledGraph,
  constraints: readonly Constraint[],
  loop: Loop,
  stemLength: number,
): FairnessReason[] {
  return constraints.map((constraint) => {
    const reason = reasonFor(graph, constraint, loop)
    if (reason === null) throw new Error(`the loop breaks ${constraint.name}`)
    const because =
      reason.kind === 'taken'
        ? `taken in step ${stemLength + reason.at + 1}`
        : reason.kind === 'never'
          ? 'never owed in the loop'
          : `not owed after step ${stemLength + reason.at}`
    return { constraint: constraint.name, because }
  })
}

type Reason = { readonly kind: 'taken' | 'idle'; readonly at: number } | { readonly kind: 'never' } | null

/** What satisfies a constraint on a loop: edge number `at` takes it, or it is not owed in state number `at`. */
function reasonFor(graph: LabelledGraph, { covers, owes, strong }: Constraint, loop: Loop): Reason {
  const taken = loop.edges.findIndex((e) => covers[graph.labels[e]] !== 0)
  if (taken >= 0) return { kind: 'taken', at: taken }
  if (strong) return loop.states.every((s) => !owed(graph, owes, s)) ? { kind: 'never' } : null
  const idle = loop.states.findIndex((s) => !owed(graph, owes, s))
  return idle >= 0 ? { kind: 'idle', at: idle } : null
}

function owed(graph: LabelledGraph, owes: Uint8Array, s: number): boolean {
  for (let e = graph.first[s]; e < graph.first[s + 1]; e++) if (owes[graph.labels[e]] !== 0) return true
  return false
}
