import { enlarged } from '../../state/array-bounds.ts'
import { SIZES } from '../../state/sizes.ts'

/** Nothing is recorded yet. What is recorded has a negative number. */
export const UNKNOWN = 0
/** The result depends on a field that the partial state does not have. */
export const OUTSIDE = 0x7fffffff

/**
 * Evaluations of several units by the values they read: one decision tree per unit. An inner node is a field and has
 * one child per encoded value. Unlike DecisionTrees, which test bits of packed states in the search's loops, these
 * read unpacked states, and partial states in which some fields are missing.
 */
export class FieldDecisionTrees<A extends { readonly reads: readonly number[] }> {
  readonly #sizes: readonly number[]
  readonly #evaluations: A[] = []
  /** `[field, child...]` at each inner node. */
  #nodes = new Int32Array(SIZES.array)
  #used = 1
  readonly #roots: number[] = []

  /** @param sizes number of encoded values of each field. */
  constructor(sizes: readonly number[]) {
    this.#sizes = sizes
  }

  /**
   * Looks up a unit in a partial state.
   * @param marks the fields that the partial state has are those with this mark.
   * @returns UNKNOWN, OUTSIDE, or an argument for `evaluation`.
   */
  find(unit: number, encoded: Uint16Array, marks: Int32Array, mark: number): number {
    const nodes = this.#nodes
    let node = this.#roots[unit] ?? UNKNOWN
    while (node > 0) {
      const field = nodes[node]
      if (marks[field] !== mark) return OUTSIDE
      node = nodes[node + 1 + encoded[field]]
    }
    return node
  }

  /** The evaluation of a unit in a complete state; null if there is none. */
  ofState(unit: number, encoded: Uint16Array): A | null {
    const nodes = this.#nodes
    let node = this.#roots[unit] ?? UNKNOWN
    while (node > 0) node = nodes[node + 1 + encoded[nodes[node]]]
    return node === UNKNOWN ? null : this.evaluation(node)
  }

  evaluation(found: number): A {
    return this.#evaluations[-found - 1]
  }

  /**
   * Adds an evaluation for a state that had none.
   * @returns false if it read other fields than an earlier one on the same values.
   */
  add(unit: number, encoded: Uint16Array, evaluation: A): boolean {
    this.#evaluations.push(evaluation)
    const leaf = -this.#evaluations.length
    let node = this.#roots[unit] ?? UNKNOWN
    let at = -1
    for (const field of evaluation.reads) {
      if (node === UNKNOWN) {
        node = this.#allocate(field)
        if (at < 0) this.#roots[unit] = node
        else this.#nodes[at] = node
      }
      if (node < 0 || this.#nodes[node] !== field) return false
      at = node + 1 + encoded[field]
      node = this.#nodes[at]
    }
    if (node !== UNKNOWN) return false
    if (at < 0) this.#roots[unit] = leaf
    else this.#nodes[at] = leaf
    return true
  }

  #allocate(field: number): number {
    const size = 1 + this.#sizes[field]
    if (this.#used + size > this.#nodes.length) {
      this.#nodes = enlarged(this.#nodes, new Int32Array(Math.max(2 * this.#nodes.length, this.#used + size)))
    }
    const node = this.#used
    this.#used += size
    this.#nodes[node] = field
    return node
  }
}
