import type { TraceStep } from '../../../model/language/trace.ts'
import { VectorStore } from '../../state/vector-store.ts'
import { FAULT, type LabelledGraph } from '../liveness/labelled-graph.ts'
import type { NamedGraph } from './named-graph.ts'

/**
 * What one system can do and another one cannot, by the names of steps: language inclusion, decided on the product of
 * one graph with the subsets of the other (Rabin and Scott, 1959).
 */

/** A shortest behaviour that the other system does not have. */
export interface Difference {
  readonly kind: 'found'
  /** Which of the initial states it starts in. */
  readonly initial: number
  readonly steps: readonly TraceStep[]
  /** Whether the last step ends in an oops. */
  readonly fault: boolean
  /** What the thread of the last step can do instead in the other system, after the same behaviour; in order. */
  readonly instead: readonly string[]
  /** Where that thread can be then, as paths of program counters; in order. */
  readonly waitsAt: readonly string[]
  /** True when there is none with fewer steps; false if that is not known. */
  readonly shortest: boolean
}

/** Whether one system has a behaviour that another one lacks. */
export type Inclusion =
  | Difference
  /** The other system has every behaviour of this one. */
  | { readonly kind: 'none' }
  /** A bound was reached first: the graphs are not complete, or there were too many pairs. */
  | { readonly kind: 'not-decided'; readonly why: 'graphs' | 'pairs'; readonly most: number }

/** Most pairs of a state and a set of states to visit. */
const MOST_PAIRS = 2_000_000

/**
 * Looks for a shortest behaviour of `one` that `other` does not have. Behaviours are compared by the steps whose names
 * both systems have, thread by thread; the others are passed over. An oops is visible in any step.
 * @param mostPairs bound on the work; at most 2^22.
 */
export function firstDifference(one: NamedGraph, other: NamedGraph, mostPairs = MOST_PAIRS): Inclusion {
  const names = new CommonNames(one, other)
  const sets = new StateSets(other.graph, names.ofOther, names.isHidden)
  const { graph } = one
  const nodes = new Nodes()
  for (const { state, index } of graph.initial) {
    const start = startOf(one, other, index)
    nodes.meet(state, sets.closure(start), -1, index)
  }
  let isOpen = false
  for (let head = 0; head < nodes.count; head++) {
    if (nodes.count > mostPairs) return { kind: 'not-decided', why: 'pairs', most: mostPairs }
    const state = nodes.states[head]
    const set = nodes.sets[head]
    if (state >= graph.expanded) {
      isOpen = true
      continue
    }
    for (let e = graph.first[state]; e < graph.first[state + 1]; e++) {
      const target = graph.targets[e]
      const label = graph.labels[e]
      const name = names.ofOne[label]
      const fault = target === FAULT
      if (!fault && names.isHidden[name] === 1) {
        nodes.meet(target, set, head, label)
        continue
      }
      const after = fault ? (sets.canFault(set, name) ? set : EMPTY) : sets.after(set, name)
      if (after !== EMPTY) {
        if (!fault) nodes.meet(target, after, head, label)
        continue
      }
      if (!sets.isExpanded(set)) {
        isOpen = true
        continue
      }
      const { initial, steps } = nodes.pathTo(head)
      return {
        kind: 'found',
        initial,
        steps: [...steps, label].map((s) => one.steps[s]),
        fault,
        instead: sets
          .enabled(set)
          .map((n) => names.steps[n])
          .filter(({ thread }) => thread === one.steps[label].thread)
          .map(({ step }) => step),
        waitsAt: placesOf(other, sets.members(set), one.steps[label].thread),
        shortest: !isOpen,
      }
    }
  }
  return isOpen ? { kind: 'not-decided', why: 'graphs', most: graph.expanded } : { kind: 'none' }
}

/** The states of `other` that correspond to an initial state: the same one, if both have the same list, or any. */
function startOf(one: NamedGraph, other: NamedGraph, index: number): readonly number[] {
  const all = other.graph.initial
  const indices = (graph: LabelledGraph): string => graph.initial.map((each) => each.index).join()
  const isSame = indices(one.graph) === indices(other.graph)
  return all.filter((each) => !isSame || each.index === index).map(({ state }) => state)
}

/** The program counters of a thread in some states, in order; none if there is no such thread. */
function placesOf({ system, store }: NamedGraph, states: readonly number[], thread: string): string[] {
  const found = system.threads.find(({ name }) => name === thread)
  if (found === undefined) return []
  const { counter, flow } = found
  const places = states.map((s) => {
    const words = store.chunks[s >>> VectorStore.chunkBits]
    const base = (s & VectorStore.chunkMask) * store.words
    return (words[base + counter.word] >>> counter.shift) & counter.mask
  })
  return [...new Set(places)].sort((a, b) => a - b).map((at) => flow.counters[at])
}

/** Numbers for the names of the steps of two systems. */
class CommonNames {
  /** By number. */
  readonly steps: TraceStep[] = []
  /** By step number of each system. */
  readonly ofOne: Int32Array
  readonly ofOther: Int32Array
  /** By number: 1 for a step that only one of the systems has. */
  readonly isHidden: Uint8Array

  constructor(one: NamedGraph, other: NamedGraph) {
    const numbers = new Map<string, number>()
    const numbered = ({ steps }: NamedGraph): Int32Array =>
      Int32Array.from(steps, (each) => {
        const key = JSON.stringify([each.thread, each.step])
        const known = numbers.get(key) ?? numbers.size
        numbers.set(key, known)
        this.steps[known] = each
        return known
      })
    this.ofOne = numbered(one)
    this.ofOther = numbered(other)
    const [mine, theirs] = [new Set(this.ofOne), new Set(this.ofOther)]
    this.isHidden = Uint8Array.from(this.steps, (_, n) => (mine.has(n) && theirs.has(n) ? 0 : 1))
  }
}

/** Number of the empty set. */
const EMPTY = 0

/** Sets of states of one graph, by number, closed under hidden steps. */
class StateSets {
  readonly #graph: LabelledGraph
  readonly #names: Int32Array
  readonly #isHidden: Uint8Array
  readonly #members: (readonly number[])[] = [[]]
  readonly #numbers = new Map<string, number>([['', EMPTY]])
  readonly #after = new Map<number, number>()

  /** @param names of the steps, by number. */
  constructor(graph: LabelledGraph, names: Int32Array, isHidden: Uint8Array) {
    this.#graph = graph
    this.#names = names
    this.#isHidden = isHidden
  }

  members(set: number): readonly number[] {
    return this.#members[set]
  }

  /** The set of these states and all that hidden steps lead to. */
  closure(states: readonly number[]): number {
    const { first, targets, labels, expanded } = this.#graph
    const all = new Set(states)
    for (const s of all) {
      if (s >= expanded) continue
      for (let e = first[s]; e < first[s + 1]; e++)
        if (targets[e] !== FAULT && this.#isHidden[this.#names[labels[e]]] === 1) all.add(targets[e])
    }
    const members = [...all].sort((a, b) => a - b)
    const key = members.join()
    const known = this.#numbers.get(key)
    if (known !== undefined) return known
    this.#numbers.set(key, this.#members.length)
    return this.#members.push(members) - 1
  }

  /** The set after a visible step from any of the states. */
  after(set: number, name: number): number {
    const key = set * this.#isHidden.length + name
    const known = this.#after.get(key)
    if (known !== undefined) return known
    const next: number[] = []
    this.#eachEdge(set, (found, target) => {
      if (found === name && target !== FAULT) next.push(target)
    })
    const after = this.closure(next)
    this.#after.set(key, after)
    return after
  }

  /** Whether the step can end in an oops in one of the states. */
  canFault(set: number, name: number): boolean {
    let can = false
    this.#eachEdge(set, (found, target) => {
      if (found === name && target === FAULT) can = true
    })
    return can
  }

  /** Whether the edges of all states are known. */
  isExpanded(set: number): boolean {
    return this.#members[set].every((s) => s < this.#graph.expanded)
  }

  /** The visible steps that can be taken in one of the states, in order. */
  enabled(set: number): number[] {
    const names = new Set<number>()
    this.#eachEdge(set, (name) => {
      if (this.#isHidden[name] === 0) names.add(name)
    })
    return [...names].sort((a, b) => a - b)
  }

  #eachEdge(set: number, visit: (name: number, target: number) => void): void {
    const { first, targets, labels, expanded } = this.#graph
    for (const s of this.#members[set]) {
      if (s >= expanded) continue
      for (let e = first[s]; e < first[s + 1]; e++) visit(this.#names[labels[e]], targets[e])
    }
  }
}

/** Pairs of a state and a set, in the order in which they were met, with the way to each. */
class Nodes {
  readonly states: number[] = []
  readonly sets: number[] = []
  readonly #parents: number[] = []
  /** The step to a pair; of a first one the initial state. */
  readonly #via: number[] = []
  readonly #known = new Set<number>()

  get count(): number {
    return this.states.length
  }

  meet(state: number, set: number, parent: number, via: number): void {
    const key = state * 0x400000 + set
    if (this.#known.has(key)) return
    this.#known.add(key)
    this.states.push(state)
    this.sets.push(set)
    this.#parents.push(parent)
    this.#via.push(via)
  }

  pathTo(last: number): { readonly initial: number; readonly steps: readonly number[] } {
    const steps: number[] = []
    let node = last
    for (; this.#parents[node] >= 0; node = this.#parents[node]) steps.push(this.#via[node])
    return { initial: this.#via[node], steps: steps.reverse() }
  }
}
