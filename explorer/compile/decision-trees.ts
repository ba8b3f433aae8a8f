import type { Classes, Field } from '../../model/language/fields.ts'
import { enlarged } from '../state/array-bounds.ts'
import { SIZES } from '../state/sizes.ts'

/** A child where nothing is recorded yet. Positive children are inner nodes, negative ones negated leaves. */
export const UNKNOWN = 0

/**
 * What an inner node tests, in one number: the word in the upper bits, twelve bits of mask, five bits of shift.
 * The shift is lowest because `>>>` uses only the lowest five bits of its right operand, so no masking is needed.
 */
const testOf = (field: Field): number => (field.word << 17) | (field.mask << 5) | field.shift

/** Bits of a test that hold the mask, once shifted down. */
const MASK = 0xfff

/** The bits of the packed state that a test reads. */
export const bitsOf = (test: number): { readonly word: number; readonly bits: number } => ({
  word: test >>> 17,
  bits: ((test >>> 5) & MASK) << (test & 31),
})

/**
 * Initial value of a member that is replaced when it grows. V8 treats a member that was assigned once as a
 * constant, compiles it into the loops of a search, and deoptimises them when the array grows. Assigning it a
 * second time in the constructor avoids that.
 */
export const NOT_CONSTANT = new Int32Array(0)

/** What a run observed, in order: fields, and the classes that it divided their values into, or null. */
export interface Observations {
  readonly observed: readonly number[]
  readonly classes: readonly (Classes | null)[]
}

/**
 * Decision trees over the packed state, grown as transitions and predicates are recorded. An inner node tests
 * one field and has one child per bit pattern; the meaning of a leaf is up to the owner. (FieldDecisionTrees
 * are the same over unpacked and partly known states.)
 *
 * A deterministic function of the state reads its fields in an order that depends only on the values read
 * so far, so its reads form a path, and equal paths give equal results.
 */
export class DecisionTrees {
  /**
   * `[test, child...]` at each inner node; see `find` for how to follow it. Replaced when it grows: read it
   * again after an insertion.
   */
  nodes = NOT_CONSTANT
  #used = 1

  constructor() {
    this.nodes = new Int32Array(SIZES.array)
  }

  /** Size of all trees in bytes. */
  get bytes(): number {
    return this.nodes.byteLength
  }

  /** All nodes, for a checkpoint. */
  get contents(): Int32Array {
    return this.nodes.subarray(0, this.#used)
  }

  /** Takes the nodes of a checkpoint; roots keep their numbers. */
  adopt(contents: Int32Array): void {
    this.#used = contents.length
    this.nodes = new Int32Array(Math.max(this.nodes.length, 2 * this.#used))
    this.nodes.set(contents)
  }

  /**
   * Adds the path of a recorded run to the tree at `root` and returns the new root.
   * @throws NondeterministicRead when the run read other fields than an earlier run on the same values.
   */
  insert(
    root: number,
    reads: readonly number[],
    fields: readonly Field[],
    encoded: ArrayLike<number>,
    leaf: number,
  ): number {
    const path: number[] = []
    const values: number[] = []
    for (const r of reads) {
      if (fields[r].mask === 0) continue
      path.push(testOf(fields[r]))
      values.push(encoded[r])
    }
    return this.insertPath(root, path, values, leaf, (n) => nameOf(path[n], fields))
  }

  /**
   * As `insert`, for a run that observed fields or classes of their values: all values of a class have one child.
   * @throws NondeterministicRead.
   */
  insertObserved(
    root: number,
    { observed, classes }: Observations,
    fields: readonly Field[],
    encoded: ArrayLike<number>,
    leaf: number,
  ): number {
    const path: number[] = []
    const values: number[] = []
    const divided: (Classes | null)[] = []
    observed.forEach((field, n) => {
      if (fields[field].mask === 0) return
      path.push(testOf(fields[field]))
      values.push(encoded[field])
      divided.push(classes[n])
    })
    return this.insertPath(root, path, values, leaf, (n) => nameOf(path[n], fields), divided)
  }

  /**
   * Adds a path given as tests and the value of each. Returns the new root.
   * @throws NondeterministicRead when the tree has a different path for these values.
   */
  insertPath(
    root: number,
    tests: readonly number[],
    values: readonly number[],
    leaf: number,
    nameOfTest: (n: number) => string = () => '(a field)',
    classes: readonly (Classes | null)[] = [],
  ): number {
    let newRoot = root
    let parent = UNKNOWN
    for (let n = 0; n < tests.length; n++) {
      let node = n === 0 ? newRoot : this.nodes[parent + 1 + values[n - 1]]
      if (node === UNKNOWN) {
        node = this.#allocate(tests[n])
        if (n === 0) newRoot = node
        else this.#link(parent, values[n - 1], classes[n - 1], node, () => nameOfTest(n - 1))
      } else if (node < 0 || this.nodes[node] !== tests[n]) {
        throw new NondeterministicRead(nameOfTest(n))
      }
      parent = node
    }
    const last = tests.length - 1
    const existing = last < 0 ? newRoot : this.nodes[parent + 1 + values[last]]
    if (existing !== UNKNOWN && existing !== -leaf) throw new NondeterministicRead('(no field)')
    if (last < 0) return -leaf
    if (existing === UNKNOWN) this.#link(parent, values[last], classes[last], -leaf, () => nameOfTest(last))
    return newRoot
  }

  /** Makes `child` the child of an inner node for a value, or for all values of its class. */
  #link(
    node: number,
    value: number,
    classes: Classes | null | undefined,
    child: number,
    nameOfTest: () => string,
  ): void {
    if (classes === null || classes === undefined) {
      this.nodes[node + 1 + value] = child
      return
    }
    for (let other = 0; other < classes.length; other++) {
      if (classes[other] !== classes[value]) continue
      // Values that were divided otherwise before.
      if (this.nodes[node + 1 + other] !== UNKNOWN) throw new NondeterministicRead(nameOfTest())
      this.nodes[node + 1 + other] = child
    }
  }

  /**
   * Whether a run that read these fields follows the recorded path to a leaf.
   * @param exact how many of the reads must be on the path, in this order; the others may be, in any order.
   * @param widened whether the path may continue after the last read.
   */
  leadsTo(
    leaf: number,
    root: number,
    { reads, base }: { readonly reads: readonly number[]; readonly base: ArrayLike<number> },
    fields: readonly Field[],
    exact: number,
    widened: boolean,
  ): boolean {
    let n = root
    for (const r of reads.slice(0, exact)) {
      if (fields[r].mask === 0) continue
      if (n <= UNKNOWN || this.nodes[n] !== testOf(fields[r])) return false
      n = this.nodes[n + 1 + base[r]]
    }
    const others = reads.slice(exact)
    while (n > UNKNOWN) {
      const test = this.nodes[n]
      const r = others.find((each) => fields[each].mask !== 0 && testOf(fields[each]) === test)
      if (r === undefined) return widened
      n = this.nodes[n + 1 + base[r]]
    }
    return n === -leaf
  }

  /** Whether a run that made these observations follows the recorded path to a leaf. */
  leadsAlong(
    leaf: number,
    root: number,
    observed: readonly number[],
    fields: readonly Field[],
    encoded: ArrayLike<number>,
  ): boolean {
    let n = root
    for (const field of observed) {
      if (fields[field].mask === 0) continue
      if (n <= UNKNOWN || this.nodes[n] !== testOf(fields[field])) return false
      n = this.nodes[n + 1 + encoded[field]]
    }
    return n === -leaf
  }

  /** The leaf (negative) for a packed state, or UNKNOWN. */
  find(root: number, words: Int32Array, base: number): number {
    const { nodes } = this
    let n = root
    while (n > 0) {
      const test = nodes[n]
      n = nodes[n + 1 + ((words[base + (test >>> 17)] >>> test) & ((test >>> 5) & MASK))]
    }
    return n
  }

  /** Adds the tests on the path of a packed state, and their values, without repetition. */
  addPath(root: number, words: Int32Array, base: number, tests: number[], values: number[]): void {
    let n = root
    while (n > 0) {
      const test = this.nodes[n]
      const value = (words[base + (test >>> 17)] >>> test) & ((test >>> 5) & MASK)
      if (!tests.includes(test)) {
        tests.push(test)
        values.push(value)
      }
      n = this.nodes[n + 1 + value]
    }
  }

  #allocate(test: number): number {
    const size = 2 + ((test >>> 5) & MASK)
    if (this.#used + size > this.nodes.length) {
      this.nodes = enlarged(this.nodes, new Int32Array(Math.max(this.nodes.length * 2, this.#used + size)))
    }
    const node = this.#used
    this.#used += size
    this.nodes[node] = test
    return node
  }
}

function nameOf(test: number, fields: readonly Field[]): string {
  return fields.find((f) => f.mask !== 0 && testOf(f) === test)?.path ?? '(a field)'
}

/** Thrown for model code that is not a function of what it reads: a recording cannot stand for it. */
export class NondeterministicRead extends Error {
  constructor(path: string) {
    super(`reads ${path} on a state on which it read something else before`)
  }
}
