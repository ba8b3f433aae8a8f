import { doubledBytes, doubledLength, enlarged } from '../../state/array-bounds.ts'
import { SIZES } from '../../state/sizes.ts'

/** Target of a step that ends in a fault: the behaviour goes nowhere. */
export const FAULT = -1

/**
 * The explored graph with the number of the step on every edge, so that cycles can be judged by what moves in
 * them and not by the states they pass. States are numbered in the order of discovery; the edges of a state
 * are consecutive. Every state has besides, unwritten, the edge of standing still.
 */
export class LabelledGraph {
  /** Distinct states found. */
  states = 0
  /** States below this number have all their edges; the others none. Less than `states` when unfinished. */
  expanded = 0
  edges = 0
  /** Initial states: number of the state, and which of the system's initial states it is. */
  readonly initial: { readonly state: number; readonly index: number }[] = []
  /** `first[s]`..`first[s + 1]` are the edges of state s. */
  first = new Float64Array(SIZES.array)
  /** State each edge leads to, or `FAULT`. */
  targets = new Int32Array(SIZES.array)
  /** Number of the step each edge takes. */
  labels = new Uint16Array(SIZES.array)

  get bytes(): number {
    return this.first.byteLength + this.targets.byteLength + this.labels.byteLength
  }

  /** The arrays that hold it, for a checkpoint: `first`, `targets` and `labels` as far as they are used. */
  get arrays(): readonly [Float64Array, Int32Array, Uint16Array] {
    const { first, targets, labels, expanded, edges } = this
    return [first.subarray(0, expanded + 1), targets.subarray(0, edges), labels.subarray(0, edges)]
  }

  /** Makes room for so many states with all their edges, whose `arrays` are then read back. */
  restore(expanded: number, edges: number): void {
    this.expanded = expanded
    this.edges = edges
    this.first = new Float64Array(doubledLength(this.first.length, expanded + 2))
    this.targets = new Int32Array(doubledLength(this.targets.length, edges))
    this.labels = new Uint16Array(this.targets.length)
  }

  /**
   * Where an exploration stands that has this graph: the depth of the state expanded last, and the first state that
   * is deeper. Null when it is the graph of none: states are numbered as they are found.
   * @param roots initial states. @param states found. @param steps of the system.
   */
  levelAt(
    roots: number,
    states: number,
    steps: number,
  ): { readonly depth: number; readonly levelEnd: number } | null {
    let found = roots
    let depth = 0
    let levelEnd = roots
    let edge = 0
    if (this.first[0] !== 0) return null
    for (let s = 0; s < this.expanded; s++) {
      if (s >= found) return null
      if (s === levelEnd) {
        depth++
        levelEnd = found
      }
      const end = this.first[s + 1]
      if (!Number.isInteger(end) || end < edge || end > this.edges) return null
      for (; edge < end; edge++) {
        const target = this.targets[edge]
        if (target < FAULT || target > found || this.labels[edge] >= steps) return null
        if (target === found) found++
      }
    }
    return found === states && edge === this.edges ? { depth, levelEnd } : null
  }

  /** Bytes of the arrays that must be allocated before so many states get so many edges; 0 when they fit. */
  growthFor(states: number, edges: number): number {
    const [first, targets] = this.#grown(states, edges)
    return first + 1.5 * targets
  }

  /** True when so many states can get so many edges in arrays of at most so many bytes. */
  fits(states: number, edges: number, mostBytes: number): boolean {
    return Math.max(...this.#grown(states, edges)) <= mostBytes
  }

  #grown(states: number, edges: number): [number, number] {
    const first = doubledBytes(this.first, this.expanded + states + 2)
    return [first, doubledBytes(this.targets, this.edges + edges)]
  }

  /** Adds an edge of the state that is being expanded, number `expanded`. */
  add(step: number, target: number): void {
    if (this.edges === this.targets.length) {
      this.targets = enlarged(this.targets, new Int32Array(this.edges * 2))
      this.labels = enlarged(this.labels, new Uint16Array(this.edges * 2))
    }
    this.targets[this.edges] = target
    this.labels[this.edges++] = step
  }

  /** All edges of state number `expanded` were added. */
  close(): void {
    if (this.expanded + 2 >= this.first.length)
      this.first = enlarged(this.first, new Float64Array(this.first.length * 2))
    this.first[++this.expanded] = this.edges
  }
}
