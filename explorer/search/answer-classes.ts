import type { CompiledSystem } from '../compile/compiled-system.ts'
import { bitsOf } from '../compile/decision-trees.ts'
import { PREDICATE_VALUE, type Predicates } from '../compile/predicates.ts'
import { RECORD } from '../compile/transition-record.ts'
import { enlarged } from '../state/array-bounds.ts'
import { SIZES } from '../state/sizes.ts'

/** Class of the states whose answers are not kept; their successors are asked everything again. */
export const UNCLASSED = 0

/** The class from which others are reached by changing answers; no state need be in it. */
const FIRST = 1

/** Classes beyond which states are no longer classed. */
const MOST = SIZES.classes

/** A list of no questions in `#asks`. */
const NOTHING_TO_ASK = 1

/**
 * The answers of a state to all questions, as one number. A successor inherits the answers of the state it
 * was reached from, except to the questions whose footprint the step wrote to: the answers were a function
 * of bits in the footprint, and these are still the same. So most states are judged without being looked at.
 */
export class AnswerClasses {
  /** How many states are in each class. */
  counts = new Int32Array(SIZES.array >>> 4 || 1)
  readonly #predicates: Predicates
  readonly #compiled: CompiledSystem
  readonly #questions: number
  /** Answers of each class. */
  readonly #answers: (readonly number[])[] = [[]]
  readonly #known = new Map<string, number>()
  /** Class after question q gets answer -1 - a: entry `(class * questions + q) * 3 + a`; 0 is unknown. */
  #next = new Int32Array(SIZES.array >>> 4 || 1)
  /** Lists of questions `[count, q...]`; see RECORD.affected. */
  #asks = [0, 0]
  readonly #askLists = new Map<string, number>([['', NOTHING_TO_ASK]])
  #version = 0

  constructor(predicates: Predicates, compiled: CompiledSystem) {
    this.#predicates = predicates
    this.#compiled = compiled
    this.#questions = predicates.list.length
  }

  /** Number of classes, UNCLASSED included. */
  get size(): number {
    return this.#answers.length
  }

  /** How many questions there are. */
  get questions(): number {
    return this.#questions
  }

  get bytes(): number {
    return this.counts.byteLength + this.#next.byteLength + 8 * this.#questions * this.#answers.length
  }

  /** The answers of a class, by question. */
  answers(classNumber: number): readonly number[] {
    return this.#answers[classNumber]
  }

  /** Adds the bits of the packed state at `base` on which the answer to question q depends, at `q * words`. */
  addReads(words: Int32Array, base: number, into: Int32Array): void {
    const { trees, roots } = this.#predicates
    const width = into.length / this.#questions
    for (let q = 0; q < this.#questions; q++) {
      this.#predicates.evaluate(q, words, base)
      const tests: number[] = []
      trees.addPath(roots[q], words, base, tests, [])
      for (const test of tests) {
        const { word, bits } = bitsOf(test)
        into[q * width + word] |= bits
      }
    }
  }

  /** Class of a state, with every question asked. */
  ofState(words: Int32Array, base: number): number {
    if (this.size === 1) this.#classOf(new Array(this.#questions).fill(PREDICATE_VALUE.vacuous))
    let at = FIRST
    for (let q = 0; q < this.#questions && at !== UNCLASSED; q++)
      at = this.#with(at, q, this.#predicates.evaluate(q, words, base))
    return at
  }

  /** Class of the state at `base`, reached by transition `record` from a state of class `parent`. */
  ofSuccessor(parent: number, record: number, words: Int32Array, base: number): number {
    if (parent === UNCLASSED) return this.ofState(words, base)
    if (this.#predicates.footprintVersion !== this.#version) this.#forgetLists()
    const { records } = this.#compiled
    let asks = records[record + RECORD.affected]
    if (asks === NOTHING_TO_ASK) return parent
    if (asks === 0) {
      asks = this.#listFor(record)
      records[record + RECORD.affected] = asks
    }
    let at = parent
    for (let n = this.#asks[asks], i = asks + 1; n > 0; n--, i++) {
      const q = this.#asks[i]
      at = this.#with(at, q, this.#predicates.evaluate(q, words, base))
      if (at === UNCLASSED) return UNCLASSED
    }
    return at
  }

  /** The class that differs from another in one answer. */
  #with(classNumber: number, question: number, answer: number): number {
    const entry = (classNumber * this.#questions + question) * 3 - 1 - answer
    const known = this.#next[entry]
    if (known !== 0) return known
    const answers = [...this.#answers[classNumber]]
    answers[question] = answer
    const next = this.#classOf(answers)
    this.#next[entry] = next
    return next
  }

  #classOf(answers: readonly number[]): number {
    const key = answers.join('')
    const known = this.#known.get(key)
    if (known !== undefined) return known
    const added = this.#answers.length
    if (added >= MOST) return UNCLASSED
    this.#answers.push(answers)
    this.#known.set(key, added)
    if (added >= this.counts.length) {
      this.counts = enlarged(this.counts, new Int32Array(2 * added))
    }
    const entries = (added + 1) * this.#questions * 3
    if (entries > this.#next.length) {
      this.#next = enlarged(this.#next, new Int32Array(2 * entries))
    }
    return added
  }

  /** The questions whose footprint the behaviour changes. */
  #listFor(record: number): number {
    const { records } = this.#compiled
    const { footprints, list: predicates } = this.#predicates
    const words = footprints.length / predicates.length
    const list: number[] = []
    for (let q = 0; q < this.#questions; q++) {
      for (let n = records[record + RECORD.changes], at = record + RECORD.first; n > 0; n--, at += 2) {
        if ((footprints[q * words + records[at]] & records[at + 1]) === 0) continue
        list.push(q)
        break
      }
    }
    const key = list.join(' ')
    let asks = this.#askLists.get(key)
    if (asks === undefined) {
      asks = this.#asks.length
      this.#asks.push(list.length, ...list)
      this.#askLists.set(key, asks)
    }
    return asks
  }

  /** A footprint grew, so the lists of questions by behaviour may be too short from now on. */
  #forgetLists(): void {
    const { records } = this.#compiled
    this.#compiled.eachRecord((record) => {
      records[record + RECORD.affected] = 0
    })
    this.#version = this.#predicates.footprintVersion
  }
}
