import type { Cost } from '../../../model/language/cost.ts'
import type { StatePredicate } from '../../../model/language/property.ts'
import type { System } from '../../../model/language/system.ts'
import { PREDICATE_VALUE, Predicates } from '../../compile/predicates.ts'
import { VectorStore } from '../../state/vector-store.ts'
import type { Limits } from '../limits.ts'
import type { Progress } from '../search-options.ts'
import type { StopReason } from '../stop-reason.ts'
import { firstDifference, type Inclusion } from './first-difference.ts'
import { type NamedGraph, namedGraph } from './named-graph.ts'
import { settledStates, WaysTo } from './path-costs.ts'

/** Two systems side by side, as plain data. */
export interface ComparedSystems {
  readonly a: ComparedSystem
  readonly b: ComparedSystem
}

/** One of two systems that are compared. */
export interface ComparedSystem {
  readonly states: number
  readonly transitions: number
  /** Why its graph is not complete; null if it is. */
  readonly stopped: StopReason | null
  /** The steps that the other one does not have, as `vcpu0.RUN.8`. */
  readonly ownSteps: readonly string[]
  /** What it can do and the other one cannot. */
  readonly ownBehaviour: Inclusion
  /** What ways to the goal cost, in the order of the costs; null if the graph is not complete. */
  readonly costs: readonly CostOfWays[] | null
}

/** What ways to a goal cost. */
export interface CostOfWays {
  readonly id: string
  /** Null if the goal is never reached. */
  readonly least: number | null
  /** Null if the goal is never reached, or if there is no greatest. */
  readonly most: number | null
  /** A step that costs and can be repeated on the way, as `vcpu0.RUN.8`; null if there is a greatest cost. */
  readonly repeated: string | null
}

/** What to compare, besides behaviours. */
export interface CompareOptions extends Limits {
  readonly costs?: readonly Cost[]
  /** Where ways end; without it where everything is done, see `settledStates`. */
  readonly goal?: { readonly id: string; readonly holds: StatePredicate<never> }
  readonly mostPairs?: number
  readonly onProgress?: (progress: Progress) => void
}

/**
 * Explores two systems and compares what they can do, step by step, and what it costs.
 * @throws ModelError when the model is wrong.
 */
export function compareSystems<W>(
  a: System<W>,
  b: System<W>,
  { costs = [], goal, mostPairs, ...limits }: CompareOptions = {},
): ComparedSystems {
  const [one, other] = [namedGraph(a, limits), namedGraph(b, limits)]
  const side = (mine: NamedGraph, theirs: NamedGraph): ComparedSystem => ({
    states: mine.graph.states,
    transitions: mine.graph.edges,
    stopped: mine.stopped,
    ownSteps: ownSteps(mine, theirs),
    ownBehaviour: firstDifference(mine, theirs, mostPairs),
    costs: mine.stopped === null ? costsOf(mine, costs, goal) : null,
  })
  return { a: side(one, other), b: side(other, one) }
}

const nameOf = ({ thread, step }: NamedGraph['steps'][number]): string => `${thread}.${step}`

function ownSteps(mine: NamedGraph, theirs: NamedGraph): string[] {
  const known = new Set(theirs.steps.map(nameOf))
  return mine.steps.map(nameOf).filter((name) => !known.has(name))
}

function costsOf(named: NamedGraph, costs: readonly Cost[], goal: CompareOptions['goal']): CostOfWays[] {
  const ways = new WaysTo(named.graph, goal === undefined ? settled(named) : statesWith(named, goal))
  return costs.map((cost): CostOfWays => {
    const extent = ways.extent(costOfEdges(named, cost))
    const { least = null, most = null, repeated = null } = extent ?? {}
    return {
      id: cost.id,
      least,
      most,
      repeated: repeated === null ? null : nameOf(named.steps[named.graph.labels[repeated]]),
    }
  })
}

/** By edge: 1 if the step counts. */
function costOfEdges({ system, compiled, graph, store }: NamedGraph, cost: Cost): Uint8Array {
  const known = new Map<number, number>()
  const costs = new Uint8Array(graph.edges)
  for (let e = 0; e < graph.edges; e++) {
    const target = graph.targets[e]
    if (target < 0) continue
    const { thread: t, path } = compiled.steps[graph.labels[e]]
    const { counter, flow, program } = system.threads[t]
    const words = store.chunks[target >>> VectorStore.chunkBits]
    const word = words[(target & VectorStore.chunkMask) * store.words + counter.word]
    const at = (word >>> counter.shift) & counter.mask
    const key = graph.labels[e] * 0x10000 + at
    let value = known.get(key)
    if (value === undefined) {
      const located = flow.steps.find((each) => each.path === path)
      const taken = { kind: program.kind, path, about: located?.step.about ?? {}, to: flow.counters[at] }
      value = cost.counts(taken) ? 1 : 0
      known.set(key, value)
    }
    costs[e] = value
  }
  return costs
}

/** Marks the states in which everything is done. */
function settled({ system, graph, store }: NamedGraph): Uint8Array {
  return settledStates(graph, (s) => {
    const words = store.chunks[s >>> VectorStore.chunkBits]
    const base = (s & VectorStore.chunkMask) * store.words
    return system.threads.every(({ counter, flow }) => {
      return flow.validEnds.has(flow.counters[(words[base + counter.word] >>> counter.shift) & counter.mask])
    })
  })
}

/** Marks the states that satisfy a predicate. */
function statesWith(
  { system, store }: NamedGraph,
  { id, holds }: { id: string; holds: StatePredicate<never> },
): Uint8Array {
  const predicates = new Predicates(
    system,
    [{ id, holds: (world, at) => holds(world, at, 0), part: 'goal' }],
    'sample',
  )
  const marks = new Uint8Array(store.count)
  for (let s = 0; s < marks.length; s++) {
    const words = store.chunks[s >>> VectorStore.chunkBits]
    const value = predicates.evaluate(0, words, (s & VectorStore.chunkMask) * store.words)
    marks[s] = value === PREDICATE_VALUE.holds ? 1 : 0
  }
  predicates.recheck(1)
  return marks
}
