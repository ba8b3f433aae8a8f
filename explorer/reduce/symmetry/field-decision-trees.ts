import { SIZES } from '../../state/sizes.ts'

/** The answer is not known yet. Known answers are negative. */
export const UNKNOWN = 0
/** The answer depends on a field that is not at hand. */
export const OUTSIDE = 0x7fffffff

/**
 * What model code of several subjects said, by the values it read: one decision tree per subject. An inner
 * node is a field and has one child per code.
 */
export class FieldDecisionTrees<A extends { readonly reads: readonly number[] }> {
  readonly #sizes: readonly number[]
  readonly #evaluations: A[] = []
  /** `[field, child...]` at each inner node. */
  #nodes = new Int32Array(SIZES.array)
  #used = 1
  readonly #roots: number[] = []

  /** @param sizes number of codes of each field. */
  constructor(sizes: readonly number[]) {
    this.#sizes = sizes
  }

  /**
   * Finds what a subject says where fields have certain codes.
   * @param marks fields are at hand when they have this mark.
   * @returns UNKNOWN, OUTSIDE, or what to give to `answer`.
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

  /** What the subject says about a whole state; null when that is not known. */
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
   * Keeps what a subject said about a state of which nothing was known.
   * @returns false when it read other fields than it did before on the same values.
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
      const larger = new Int32Array(Math.max(2 * this.#nodes.length, this.#used + size))
      larger.set(this.#nodes)
      this.#nodes = larger
    }
    const node = this.#used
    this.#used += size
    this.#nodes[node] = field
    return node
  }
}
