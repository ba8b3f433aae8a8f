import type { LabelledGraph } from './labelled-graph.ts'

/** Index of a finished state: larger than any other, so that it never lowers a low-link. */
const DONE = 0x7fffffff

/**
 * Strongly connected components by Tarjan's algorithm (1972), without recursion, on typed arrays. One object serves
 * many calls on parts of the same graph; the cost of a call is proportional to its part.
 */
export class Components {
  readonly #graph: LabelledGraph
  readonly #index: Int32Array
  readonly #low: Int32Array
  /** States whose component is not known yet, in the order of discovery. */
  readonly #open: Int32Array
  /** The path of the depth-first search, and the next edge to follow for each state on it. */
  readonly #path: Int32Array
  readonly #cursor: Float64Array

  constructor(graph: LabelledGraph) {
    this.#graph = graph
    this.#index = new Int32Array(graph.states)
    this.#low = new Int32Array(graph.states)
    this.#open = new Int32Array(graph.states)
    this.#path = new Int32Array(graph.states)
    this.#cursor = new Float64Array(graph.states)
  }

  /**
   * Visits the components of the part of the graph that has region number `id`.
   * @param members the states of the region; all must be expanded.
   * @param region region number of every state.
   * @param only by step number, 1 for the steps whose edges are followed; null for all.
   * @param visit called for each component, `members[from..to)`; the array is only valid during the call.
   */
  each(
    members: Int32Array,
    region: Int32Array,
    id: number,
    only: Uint8Array | null,
    visit: (members: Int32Array, from: number, to: number) => void,
  ): void {
    const { first, targets, labels } = this.#graph
    const index = this.#index
    const low = this.#low
    const open = this.#open
    const path = this.#path
    const cursor = this.#cursor
    for (const s of members) index[s] = 0
    let next = 1
    let opened = 0
    let depth = 0
    const enter = (s: number): void => {
      index[s] = next
      low[s] = next++
      open[opened++] = s
      path[depth] = s
      cursor[depth++] = first[s]
    }
    for (const root of members) {
      if (index[root] !== 0) continue
      enter(root)
      while (depth > 0) {
        const s = path[depth - 1]
        const e = cursor[depth - 1]
        if (e < first[s + 1]) {
          cursor[depth - 1] = e + 1
          const t = targets[e]
          if (t < 0 || region[t] !== id || (only !== null && only[labels[e]] === 0)) continue
          if (index[t] === 0) enter(t)
          else if (index[t] < low[s]) low[s] = index[t]
          continue
        }
        depth--
        if (depth > 0 && low[s] < low[path[depth - 1]]) low[path[depth - 1]] = low[s]
        if (low[s] !== index[s]) continue
        const end = opened
        do {
          opened--
          index[open[opened]] = DONE
        } while (open[opened] !== s)
        visit(open, opened, end)
      }
    }
  }
}

/** The marked states below `end`, in order. */
export function marked(marks: Uint8Array, end: number): Int32Array {
  let count = 0
  for (let s = 0; s < end; s++) if (marks[s] !== 0) count++
  const states = new Int32Array(count)
  count = 0
  for (let s = 0; s < end; s++) if (marks[s] !== 0) states[count++] = s
  return states
}
