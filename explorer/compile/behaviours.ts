import type { Field } from '../../model/language/layout.ts'

/** Child code: nothing recorded yet. Positive codes are inner nodes, negative ones leaves (negated). */
export const UNKNOWN = 0

const HEADER = 3

/**
 * Decision trees over the packed state, grown as behaviours are recorded. An inner node tests one field
 * (word, shift, mask) and has one child per bit pattern; a leaf is a number the owner gives meaning to.
 *
 * A deterministic function of the state reads its fields in an order that depends only on the values read
 * so far, so its reads form a path, and equal paths give equal results.
 */
export class DecisionTrees {
  /** `[word, shift, mask, child...]` at each inner node's code. Grows; take it anew after `insert`. */
  nodes = new Int32Array(1 << 12)
  #used = 1

  /** Size of all trees in bytes. */
  get bytes(): number {
    return this.nodes.byteLength
  }

  /**
   * Adds the path of a recorded run to the tree at `root` and returns the root's new code.
   * @throws Error when the run read other fields than an earlier run on the same values: not deterministic.
   */
  insert(
    root: number,
    reads: readonly number[],
    fields: readonly Field[],
    codes: ArrayLike<number>,
    leaf: number,
  ): number {
    const path = reads.map((r) => fields[r]).filter((f) => f.mask !== 0)
    if (path.length === 0) return this.#settle(root, -leaf)
    let newRoot = root
    let at = -1
    path.forEach((field) => {
      const child = at < 0 ? newRoot : this.nodes[at]
      let node = child
      if (child === UNKNOWN) {
        node = this.#allocate(field)
        if (at < 0) newRoot = node
        else this.nodes[at] = node
      } else if (child < 0 || !this.#tests(child, field)) {
        throw new NondeterministicRead(field.path)
      }
      at = node + HEADER + codes[field.index]
    })
    this.nodes[at] = this.#settle(this.nodes[at], -leaf)
    return newRoot
  }

  /** Follows the tree over a packed state: a leaf (negative), or UNKNOWN. */
  find(root: number, words: Int32Array, base: number): number {
    const { nodes } = this
    let n = root
    while (n > 0) n = nodes[n + HEADER + ((words[base + nodes[n]] >>> nodes[n + 1]) & nodes[n + 2])]
    return n
  }

  #settle(existing: number, leaf: number): number {
    if (existing !== UNKNOWN && existing !== leaf) throw new NondeterministicRead('(no field)')
    return leaf
  }

  #tests(node: number, field: Field): boolean {
    const { nodes } = this
    return nodes[node] === field.word && nodes[node + 1] === field.shift && nodes[node + 2] === field.mask
  }

  #allocate(field: Field): number {
    const size = HEADER + field.mask + 1
    while (this.#used + size > this.nodes.length) {
      const larger = new Int32Array(this.nodes.length * 2)
      larger.set(this.nodes)
      this.nodes = larger
    }
    const node = this.#used
    this.#used += size
    this.nodes[node] = field.word
    this.nodes[node + 1] = field.shift
    this.nodes[node + 2] = field.mask
    return node
  }
}

/** Model code that is not a function of what it reads; the recording cannot stand for it. */
export class NondeterministicRead extends Error {
  constructor(path: string) {
    super(`reads ${path} on a state on which it read something else before`)
  }
}
