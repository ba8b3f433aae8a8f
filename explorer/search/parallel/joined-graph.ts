import { entryNumber, entryThread } from '../../state/shared-exact-set.ts'
import { markBackwards } from '../state-graph.ts'

/** What one worker knows of the graph. */
export interface GraphPart {
  /** Source and target of each edge that it found, as entries of the shared table. */
  readonly pairs: Int32Array
  /** The number of its first state, and the number after its last. */
  readonly first: number
  readonly end: number
  /** By always-possible property, in their order: one byte per state of this worker, not 0 where the goal holds. */
  readonly goals: readonly Uint8Array[]
}

/**
 * The graph that several workers have found. Its states are numbered by worker; which worker finds a state is a matter
 * of chance, so nothing but "there is such a state" may depend on the numbers.
 */
export class JoinedGraph {
  readonly #parts: readonly GraphPart[]
  /** What to add to the number of a state within its worker. */
  readonly #offsets: readonly number[]
  readonly #states: number

  constructor(parts: readonly GraphPart[]) {
    this.#parts = parts
    let states = 0
    this.#offsets = parts.map(({ first, end }) => {
      const offset = states - first
      states += end - first
      return offset
    })
    this.#states = states
  }

  /** Whether from every state one can be reached in which the goal of always-possible property number `n` holds. */
  canAlwaysReach(n: number): boolean {
    const marked = new Uint8Array(this.#states)
    this.#parts.forEach(({ goals, first }, worker) => {
      marked.set(goals[n], this.#offsets[worker] + first)
    })
    const edges = this.#parts.reduce((sum, { pairs }) => sum + pairs.length / 2, 0)
    markBackwards(marked, edges, this.#eachEdge)
    return !marked.includes(0)
  }

  readonly #eachEdge = (visit: (source: number, target: number) => void): void => {
    for (const { pairs } of this.#parts)
      for (let at = 0; at < pairs.length; at += 2)
        visit(this.#numberOf(pairs[at]), this.#numberOf(pairs[at + 1]))
  }

  #numberOf(entry: number): number {
    return this.#offsets[entryThread(entry)] + entryNumber(entry)
  }
}
