import type { LabelledGraph } from './labelled-graph.ts'

/** A path from an initial state. */
export interface Stem {
  /** Which of the system's initial states it starts in. */
  readonly initial: number
  /** Numbers of the steps. */
  readonly steps: readonly number[]
  /** Its last state. */
  readonly state: number
}

/** Which stems to look for. */
export interface StemQuery {
  /**
   * By state: 1 if waiting may begin there. Until then the stem may visit any state, from then on only allowed ones.
   * Null if waiting begins in the initial state.
   */
  readonly waits: Uint8Array | null
  /** By state: 1 if the stem may visit it while it waits. */
  readonly allowed: Uint8Array
  /** Whether the stem, waiting, may end in a state. */
  readonly ends: (state: number) => boolean
}

const FREE = 0
const WAITING = 1

/** A shortest stem for a query, the same in every run; null if there is none. */
export function shortestStem(graph: LabelledGraph, query: StemQuery): Stem | null {
  const { waits, allowed, ends } = query
  const { first, targets, labels } = graph
  // A node is a state and a mode of the stem: 2 * state + (FREE or WAITING).
  const parent = new Int32Array(2 * graph.states).fill(-2)
  const via = new Uint16Array(2 * graph.states)
  const queue = new Int32Array(2 * graph.states)
  let tail = 0
  const meet = (state: number, mode: number, from: number, step: number): void => {
    const node = 2 * state + mode
    if (mode === WAITING && allowed[state] === 0) return
    if (parent[node] === -2) {
      parent[node] = from
      via[node] = step
      queue[tail++] = node
    }
    if (mode === FREE && waits !== null && waits[state] !== 0) meet(state, WAITING, from, step)
  }
  for (const { state } of graph.initial) meet(state, waits === null ? WAITING : FREE, -1, 0)
  for (let head = 0; head < tail; head++) {
    const node = queue[head]
    const state = node >>> 1
    const mode = node & 1
    if (mode === WAITING && ends(state)) return stemTo(graph, node, parent, via)
    if (state >= graph.expanded) continue
    for (let e = first[state]; e < first[state + 1]; e++)
      if (targets[e] >= 0) meet(targets[e], mode, node, labels[e])
  }
  return null
}

function stemTo(graph: LabelledGraph, last: number, parent: Int32Array, via: Uint16Array): Stem {
  const steps: number[] = []
  let node = last
  for (; parent[node] >= 0; node = parent[node]) steps.push(via[node])
  const start = graph.initial.find(({ state }) => state === node >>> 1)
  if (start === undefined) throw new Error(`state ${node >>> 1} is no initial state`)
  return { initial: start.index, steps: steps.reverse(), state: last >>> 1 }
}

/** Finds walks inside a part of a graph. */
export class Walker {
  readonly #graph: LabelledGraph
  readonly #inside: (state: number) => boolean
  readonly #only: Uint8Array | null

  /**
   * @param inside which states the walk may visit.
   * @param only by step number, 1 for the steps it may take; null for all.
   */
  constructor(graph: LabelledGraph, inside: (state: number) => boolean, only: Uint8Array | null = null) {
    this.#graph = graph
    this.#inside = inside
    this.#only = only
  }

  /**
   * The edges of a shortest walk from `from` of at least one edge whose last edge satisfies `hits`; null if there is
   * none.
   */
  nearest(from: number, hits: (edge: number) => boolean): number[] | null {
    const { first, targets, labels } = this.#graph
    const reachedBy = new Map<number, { readonly edge: number; readonly source: number }>()
    const queue = [from]
    for (const s of queue) {
      for (let e = first[s]; e < first[s + 1]; e++) {
        const t = targets[e]
        if (t < 0 || !this.#inside(t) || (this.#only !== null && this.#only[labels[e]] === 0)) continue
        if (hits(e)) {
          const walk = [e]
          for (let at = s; at !== from; ) {
            const { edge, source } = reachedBy.get(at) as { edge: number; source: number }
            walk.push(edge)
            at = source
          }
          return walk.reverse()
        }
        if (t === from || reachedBy.has(t)) continue
        reachedBy.set(t, { edge: e, source: s })
        queue.push(t)
      }
    }
    return null
  }
}
