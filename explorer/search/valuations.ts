import type { CompiledSystem } from '../compile/compiled-system.ts'
import { bitsOf } from '../compile/decision-trees.ts'
import { PREDICATE_VALUE, type Predicates } from '../compile/predicates.ts'
import { RECORD } from '../compile/transition-record.ts'
import { enlarged } from '../state/array-bounds.ts'
import { SIZES } from '../state/sizes.ts'

/** Stands for a valuation that has no number; all predicates are evaluated again in the successors. */
export const UNNUMBERED = 0

/** Where `ofState` starts: all predicates vacuous. No state need have this valuation. */
const FIRST = 1

/** Number of valuations from which on new ones are not numbered. */
const MOST = SIZES.valuations

/** Index in `#lists` of the list without predicates. */
const EMPTY_LIST = 1

/**
 * Numbers the valuations of states. A successor has its parent's valuation, except for the predicates whose footprint
 * the step wrote to: the others were a function of bits in their footprints, which have not changed. So most states
 * get their valuation without an evaluation.
 */
export class Valuations {
  /** Number of states by valuation. */
  counts = new Int32Array(SIZES.array >>> 4 || 1)
  readonly #predicates: Predicates
  readonly #compiled: CompiledSystem
  readonly #count: number
  /** The values, by valuation. */
  readonly #values: (readonly number[])[] = [[]]
  readonly #known = new Map<string, number>()
  /** Valuation in which predicate q has value -1 - v instead: entry `(valuation * count + q) * 3 + v`; 0 is unknown. */
  #next = new Int32Array(SIZES.array >>> 4 || 1)
  /** Lists of predicates to evaluate `[count, q...]`; RECORD.affected is an index in it. */
  #lists = [0, 0]
  readonly #listIndex = new Map<string, number>([['', EMPTY_LIST]])
  #version = 0

  constructor(predicates: Predicates, compiled: CompiledSystem) {
    this.#predicates = predicates
    this.#compiled = compiled
    this.#count = predicates.list.length
  }

  /** Number of valuations, UNNUMBERED included. */
  get size(): number {
    return this.#values.length
  }

  /** Number of predicates. */
  get predicates(): number {
    return this.#count
  }

  get bytes(): number {
    return this.counts.byteLength + this.#next.byteLength + 8 * this.#count * this.#values.length
  }

  /** The values of a valuation, by predicate. */
  valuesOf(valuation: number): readonly number[] {
    return this.#values[valuation]
  }

  /** Adds the bits of the packed state at `base` on which the value of predicate q depends, at `q * words`. */
  addReads(words: Int32Array, base: number, into: Int32Array): void {
    const { trees, roots } = this.#predicates
    const width = into.length / this.#count
    for (let q = 0; q < this.#count; q++) {
      this.#predicates.evaluate(q, words, base)
      const tests: number[] = []
      trees.addPath(roots[q], words, base, tests, [])
      for (const test of tests) {
        const { word, bits } = bitsOf(test)
        into[q * width + word] |= bits
      }
    }
  }

  /** Valuation of a state, with every predicate evaluated. */
  ofState(words: Int32Array, base: number): number {
    if (this.size === 1) this.#numberOf(new Array(this.#count).fill(PREDICATE_VALUE.vacuous))
    let at = FIRST
    for (let q = 0; q < this.#count && at !== UNNUMBERED; q++)
      at = this.#with(at, q, this.#predicates.evaluate(q, words, base))
    return at
  }

  /** Valuation of the state at `base`, reached by transition `record` from a state with valuation `parent`. */
  ofSuccessor(parent: number, record: number, words: Int32Array, base: number): number {
    if (parent === UNNUMBERED) return this.ofState(words, base)
    if (this.#predicates.footprintVersion !== this.#version) this.#forgetLists()
    const { records } = this.#compiled
    let list = records[record + RECORD.affected]
    if (list === EMPTY_LIST) return parent
    if (list === 0) {
      list = this.#listFor(record)
      records[record + RECORD.affected] = list
    }
    let at = parent
    for (let n = this.#lists[list], i = list + 1; n > 0; n--, i++) {
      const q = this.#lists[i]
      at = this.#with(at, q, this.#predicates.evaluate(q, words, base))
      if (at === UNNUMBERED) return UNNUMBERED
    }
    return at
  }

  /** The valuation that differs from another in one value. */
  #with(valuation: number, predicate: number, value: number): number {
    const entry = (valuation * this.#count + predicate) * 3 - 1 - value
    const known = this.#next[entry]
    if (known !== 0) return known
    const values = [...this.#values[valuation]]
    values[predicate] = value
    const next = this.#numberOf(values)
    this.#next[entry] = next
    return next
  }

  #numberOf(values: readonly number[]): number {
    const key = values.join('')
    const known = this.#known.get(key)
    if (known !== undefined) return known
    const added = this.#values.length
    if (added >= MOST) return UNNUMBERED
    this.#values.push(values)
    this.#known.set(key, added)
    if (added >= this.counts.length) {
      this.counts = enlarged(this.counts, new Int32Array(2 * added))
    }
    const entries = (added + 1) * this.#count * 3
    if (entries > this.#next.length) {
      this.#next = enlarged(this.#next, new Int32Array(2 * entries))
    }
    return added
  }

  /** The list of predicates whose footprint a transition changes. */
  #listFor(record: number): number {
    const { records } = this.#compiled
    const { footprints, list: predicates } = this.#predicates
    const words = footprints.length / predicates.length
    const affected: number[] = []
    for (let q = 0; q < this.#count; q++) {
      for (let n = records[record + RECORD.changes], at = record + RECORD.first; n > 0; n--, at += 2) {
        if ((footprints[q * words + records[at]] & records[at + 1]) === 0) continue
        affected.push(q)
        break
      }
    }
    const key = affected.join(' ')
    let list = this.#listIndex.get(key)
    if (list === undefined) {
      list = this.#lists.length
      this.#lists.push(affected.length, ...affected)
      this.#listIndex.set(key, list)
    }
    return list
  }

  /** A footprint grew: the lists recorded for transitions may lack a predicate now. */
  #forgetLists(): void {
    const { records } = this.#compiled
    this.#compiled.eachRecord((record) => {
      records[record + RECORD.affected] = 0
    })
    this.#version = this.#predicates.footprintVersion
  }
}
