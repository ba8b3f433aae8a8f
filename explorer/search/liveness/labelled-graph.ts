import { doubledBytes, doubledLength, enlarged } from '../../state/array-bounds.ts'
import { SIZES } from '../../state/sizes.ts'

/** Target of a step that ends in an oops: there is no next state. */
export const FAULT = -1

/**
 * The explored graph with a step number on every edge: whether a cycle is fair depends on which threads move in it,
 * not only on its states. States are numbered in the order of discovery; the edges of a state are consecutive. In
 * addition every state has an implicit edge to itself, for a behaviour that stops there.
 */
export class LabelledGraph {
  /** Distinct states found. */
  states = 0
  /** States below this number have all their edges, the others none. Less than `states` in an unfinished graph. */
  expanded = 0
  edges = 0
  /** Initial states: number of the state, and which of the system's initial states it is. */
  readonly initial: { readonly state: number; readonly index: number }[] = []
  /** The edges of state s are `first[s]` to `first[s + 1] - 1`. */
  first = new Float64Array(SIZES.array)
  /** State that each edge leads to, or `FAULT`. */
  targets = new Int32Array(SIZES.array)
  /** Number of the step of each edge. */
  labels = new Uint16Array(SIZES.array)

  get bytes(): number {
    return this.first.byteLength + this.targets.byteLength + this.labels.byteLength
  }

  /** The used parts of `first`, `targets` and `labels`, to save in a checkpoint. */
  get arrays(): readonly [Float64Array, Int32Array, Uint16Array] {
    const { first, targets, labels, expanded, edges } = this
    return [first.subarray(0, expanded + 1), targets.subarray(0, edges), labels.subarray(0, edges)]
  }

  /** Allocates room for `expanded` states with `edges` edges; the caller then reads `arrays` back. */
  restore(expanded: number, edges: number): void {
    this.expanded = expanded
    this.edges = edges
    this.first = new Float64Array(doubledLength(this.first.length, expanded + 2))
    this.targets = new Int32Array(doubledLength(this.targets.length, edges))
    this.labels = new Uint16Array(this.targets.length)
  }

  /**
   * The position of an exploration that has this graph: the depth of the state expanded last, and the first state that
   * is deeper. Null if no exploration leaves such a graph: states must be numbered in the order of discovery.
   * @param roots number of initial states.
   * @param states number of states found.
   * @param steps number of steps of the system.
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

  /** Bytes to allocate before `edges` edges of `states` states can be added; 0 if they fit already. */
  growthFor(states: number, edges: number): number {
    const [first, targets] = this.#grown(states, edges)
    return first + 1.5 * targets
  }

  /** Whether `states` and `edges` more fit in arrays of at most `mostBytes` bytes. */
  fits(states: number, edges: number, mostBytes: number): boolean {
    return Math.max(...this.#grown(states, edges)) <= mostBytes
  }

  #grown(states: number, edges: number): [number, number] {
    const first = doubledBytes(this.first, this.expanded + states + 2)
    return [first, doubledBytes(this.targets, this.edges + edges)]
  }

  /** Adds an edge of state number `expanded`, the one that is being expanded. */
  add(step: number, target: number): void {
    if (this.edges === this.targets.length) {
      this.targets = enlarged(this.targets, new Int32Array(this.edges * 2))
      this.labels = enlarged(this.labels, new Uint16Array(this.edges * 2))
    }
    this.targets[this.edges] = target
    this.labels[this.edges++] = step
  }

  /** Ends the edges of state number `expanded`. */
  close(): void {
    if (this.expanded + 2 >= this.first.length)
      this.first = enlarged(this.first, new Float64Array(this.first.length * 2))
    this.first[++this.expanded] = this.edges
  }
}
