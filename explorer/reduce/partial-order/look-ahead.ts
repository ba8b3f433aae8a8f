import type { SuccessorLists } from '../../compile/successor-lists.ts'
import { RECORD } from '../../compile/transition-record.ts'
import { UNNUMBERED, type Valuations } from '../../search/valuations.ts'
import { SIZES } from '../../state/sizes.ts'
import { Independence } from './independence.ts'
import { NOT_CACHED, PersistentSetCache } from './persistent-set-cache.ts'

/** Most states explored to test one thread; if there are more, the thread is not used. */
const MOST_STATES = SIZES.ahead

/** States explored for one state from which on no further thread is tested. */
const MOST_EXPLORED = SIZES.tried

/** Whose steps changed a predicate: those of the thread under test, those of the others. */
const BY_THREAD = 1
const BY_OTHERS = 2

/** Threads are tested in this order: a single invisible step, a single step, several steps. */
const RANK = { invisible: 0, single: 1, several: 2, none: 3 } as const

/** No thread. */
export const NONE = -1

/**
 * Finds singleton persistent sets: a thread whose steps suffice in a state (Godefroid 1996).
 *
 * Uses neither declarations nor footprints from other states. Instead it looks ahead: it explores all states that the
 * other threads can reach while the thread stands still, and tests in each of them whether the order of steps
 * matters. The others do little before they wait for a lock, or for the thread itself, so there are few such states;
 * where there are many, the thread is not used.
 *
 * Let X be the set of these states, including the state s itself. Thread t is a persistent set of s if
 *
 * - in every x of X, the steps of t are the same, at least one, and have the same antecedents and violations of
 *   action properties; no step of any thread ends in a fault;
 * - in every x, each step b of another thread and each step a of t lead to the same state in both orders, and b has
 *   the same antecedents and violations of action properties after a as before;
 * - for every state predicate, either no step of t changes it in any x, or it has the same value in all of X.
 *
 * Then a run of the full system from s has one of two forms. It is w a r, with steps w of the others and a step a of
 * t, and a w r is a run to the same state. Or it is a run w of the others within X, and a w is a run. Every step of
 * the run is also taken in the other run, with the same antecedents and violations. Every predicate value on the run
 * occurs in s or on the other run: it is the same before and after a, or the same in all of X.
 */
export class LookAhead {
  /** Transition records of the thread that `choose` returned, and their number. */
  readonly moves: Int32Array
  moveCount = 0
  /** Number of steps that are enabled in the state, over all threads. */
  enabledCount = 0
  /** Whether there is a single move, which changes no predicate and violates no action property. */
  isInvisible = false
  readonly #lists: SuccessorLists
  readonly #valuations: Valuations
  readonly #words: number
  readonly #threads: number
  /** Most steps at one program counter. */
  readonly #most: number
  readonly #enabled: Int32Array
  readonly #enabledCount: Int32Array
  readonly #rankOf: Int32Array
  readonly #others: Int32Array
  readonly #othersAfter: Int32Array
  readonly #target: Int32Array
  /** The states X by number: packed words, class, low hash lane relative to s, moves of the thread under test. */
  readonly #states: Int32Array
  readonly #valuationOf: Int32Array
  readonly #hashOf: Int32Array
  readonly #movesOf: Int32Array
  #count = 0
  /** Whether MOST_STATES ended the last exploration. */
  #isCut = false
  /** States of the earlier explorations from the same state. */
  #explored = 0
  readonly #independence: Independence
  /** Where to add the bits read while one thread is explored alone, or null. */
  #reads: Int32Array | null = null
  /** Hash table of X, with open addressing: 1 + number of a state. */
  readonly #table = new Int32Array(4 * MOST_STATES)
  /** States after each step of the thread. */
  readonly #after: Int32Array
  readonly #changed: Uint8Array
  /** Worth it because many compressed paths lead through the same states. */
  readonly #cache: PersistentSetCache

  constructor(lists: SuccessorLists, valuations: Valuations) {
    const { system, steps, firstStep } = lists.compiled
    this.#lists = lists
    this.#valuations = valuations
    this.#words = system.layout.words
    this.#threads = system.threads.length
    let most = 1
    for (let place = 1; place < firstStep.length; place++)
      most = Math.max(most, Math.min(steps.length, firstStep[place] - firstStep[place - 1]))
    this.#most = most
    this.moves = new Int32Array(most)
    this.#enabled = new Int32Array(most * this.#threads)
    this.#enabledCount = new Int32Array(this.#threads)
    this.#rankOf = new Int32Array(this.#threads)
    this.#others = new Int32Array(most)
    this.#othersAfter = new Int32Array(most)
    this.#target = new Int32Array(most)
    this.#states = new Int32Array(MOST_STATES * this.#words)
    this.#valuationOf = new Int32Array(MOST_STATES)
    this.#hashOf = new Int32Array(MOST_STATES)
    this.#movesOf = new Int32Array(MOST_STATES * most)
    this.#after = new Int32Array(most * this.#words)
    this.#changed = new Uint8Array(valuations.predicates)
    this.#cache = new PersistentSetCache(this.#words)
    this.#independence = new Independence(this.#threads, this.#words, valuations.predicates)
  }

  /**
   * A thread that is a persistent set of the packed state at `base`, or NONE; `moves` are its transitions. A function
   * of the state. Prefers a thread with a single invisible step, then one with a single step.
   * @param classNumber the state's class of predicate values, or UNNUMBERED.
   */
  choose(words: Int32Array, base: number, valuation: number): number {
    const known = valuation === UNNUMBERED ? this.#valuations.ofState(words, base) : valuation
    if (known === UNNUMBERED) return NONE
    this.enabledCount = 0
    for (let t = 0; t < this.#threads; t++) {
      this.#enabledCount[t] = this.#lists.enabledTransitions(t, words, base, this.#enabled, t * this.#most)
      this.enabledCount += this.#enabledCount[t]
    }
    let thread = this.#cache.get(words, base)
    if (thread === NOT_CACHED) {
      thread = this.#find(words, base, known)
      this.#cache.set(words, base, thread)
    }
    if (thread === NONE) return NONE
    this.isInvisible = this.#rank(thread, words, base, known) === RANK.invisible
    this.moveCount = this.#enabledCount[thread]
    for (let n = 0; n < this.moveCount; n++) this.moves[n] = this.#enabled[thread * this.#most + n]
    return thread
  }

  #find(words: Int32Array, base: number, valuation: number): number {
    this.#explored = 0
    this.#count = 0
    for (let t = 0; t < this.#threads; t++) this.#rankOf[t] = this.#rank(t, words, base, valuation)
    for (let rank: number = RANK.invisible; rank <= RANK.several; rank++) {
      for (let t = 0; t < this.#threads; t++) {
        if (this.#rankOf[t] !== rank) continue
        if (this.#isPersistent(t, words, base, valuation)) return t
        if (this.#explored + this.#count >= MOST_EXPLORED) return NONE
      }
    }
    return NONE
  }

  #rank(thread: number, words: Int32Array, base: number, valuation: number): number {
    const count = this.#enabledCount[thread]
    if (count === 0) return RANK.none
    if (count > 1) return RANK.several
    const move = this.#enabled[thread * this.#most]
    const { records } = this.#lists.compiled
    if ((records[move + RECORD.fault] | records[move + RECORD.violated]) !== 0) return RANK.single
    this.#apply(words, base, move, this.#after, 0)
    const then = this.#valuations.ofSuccessor(valuation, move, this.#after, 0)
    return then === valuation ? RANK.invisible : RANK.single
  }

  #isPersistent(thread: number, words: Int32Array, base: number, valuation: number): boolean {
    if (this.#explore(thread, NONE, words, base, valuation)) return true
    return this.#isCut && this.#threads > 2 && this.#isPersistentSeparately(thread, words, base, valuation)
  }

  /**
   * As `#isPersistent`, where the others together can reach too many states: explores what each of them can reach
   * alone. That suffices if they are independent: none changes what another's exploration read, which includes the
   * steps of the thread under test and the predicates.
   */
  #isPersistentSeparately(thread: number, words: Int32Array, base: number, valuation: number): boolean {
    const independence = this.#independence
    independence.clear()
    for (let u = 0; u < this.#threads; u++)
      if (u !== thread && !this.#explore(thread, u, words, base, valuation)) return false
    if (!independence.areStepsIndependent) return false
    for (let u = 0; u < this.#threads; u++) {
      if (u === thread) continue
      this.#explore(thread, u, words, base, valuation)
      this.#addPredicateReads(thread, independence.predicateReads[u])
    }
    return independence.arePredicatesIndependent(thread)
  }

  /** Explores the states that the others, or one of them `alone`, can reach. False if the thread is refuted. */
  #explore(thread: number, alone: number, words: Int32Array, base: number, valuation: number): boolean {
    const count = this.#enabledCount[thread]
    this.#reads = alone === NONE ? null : this.#independence.reads[alone]
    this.#isCut = false
    this.#changed.fill(0)
    this.#table.fill(0)
    this.#table[0] = 1
    this.#explored += this.#count
    this.#count = 1
    for (let w = 0; w < this.#words; w++) this.#states[w] = words[base + w]
    this.#valuationOf[0] = valuation
    this.#hashOf[0] = 0
    this.#lists.enabledTransitions(thread, words, base, this.#movesOf, 0, this.#reads)
    for (let n = 0; n < count; n++) if (this.#faults(this.#movesOf[n])) return false
    for (let x = 0; x < this.#count; x++) {
      if (!this.#applyMoves(x, count)) return false
      for (let u = 0; u < this.#threads; u++)
        if (u !== thread && (alone === NONE || u === alone) && !this.#commute(x, thread, count, u))
          return false
    }
    return true
  }

  /** Adds the bits that predicates depend on in the states just explored, and after a step of the thread in them. */
  #addPredicateReads(thread: number, into: Int32Array): void {
    const count = this.#enabledCount[thread]
    for (let x = 0; x < this.#count; x++) {
      this.#valuations.addReads(this.#states, x * this.#words, into)
      for (let n = 0; n < count; n++) {
        const move = this.#movesOf[x * this.#most + n]
        this.#apply(this.#states, x * this.#words, move, this.#after, 0)
        this.#valuations.addReads(this.#after, 0, into)
      }
    }
  }

  /** Puts the states after the thread's steps in state x into `#after`. False if the steps are too visible. */
  #applyMoves(x: number, count: number): boolean {
    const valuation = this.#valuationOf[x]
    for (let n = 0; n < count; n++) {
      const move = this.#movesOf[x * this.#most + n]
      this.#apply(this.#states, x * this.#words, move, this.#after, n * this.#words)
      const then = this.#valuations.ofSuccessor(valuation, move, this.#after, n * this.#words)
      if (!this.#allows(valuation, then, BY_THREAD)) return false
    }
    return true
  }

  /** Whether the steps of thread `other` in state x commute with the `count` steps of the thread. */
  #commute(x: number, thread: number, count: number, other: number): boolean {
    const words = this.#words
    const reads = this.#reads
    const enabled = this.#lists.enabledTransitions(other, this.#states, x * words, this.#others, 0, reads)
    for (let k = 0; k < enabled; k++) {
      const step = this.#others[k]
      // A fault ends the behaviour, so there is no successor to compare.
      if (this.#faults(step)) return false
      const y = this.#intern(x, step, thread, count)
      if (y === NONE) return false
      this.#target[k] = y
      if (reads !== null) this.#addChanges(step, this.#independence.changes[other])
    }
    if (enabled === 0) return true
    const { records } = this.#lists.compiled
    for (let n = 0; n < count; n++) {
      const after = this.#lists.enabledTransitions(other, this.#after, n * words, this.#othersAfter, 0, reads)
      const move = this.#movesOf[x * this.#most + n]
      let at = 0
      for (let k = 0; k < enabled; k++) {
        const step = this.#others[k]
        // Both lists are in ascending order of steps.
        while (at < after && records[this.#othersAfter[at] + RECORD.step] < records[step + RECORD.step]) at++
        if (at === after) return false
        const later = this.#othersAfter[at]
        const moveLater = this.#movesOf[this.#target[k] * this.#most + n]
        if (!this.#isSameTransition(step, later)) return false
        if ((later !== step || moveLater !== move) && !this.#isSameChange(move, later, step, moveLater))
          return false
      }
    }
    return true
  }

  /** Number of the state that a step of another thread leads to from x, or NONE if the thread is refuted. */
  #intern(x: number, step: number, thread: number, count: number): number {
    const { records } = this.#lists.compiled
    const words = this.#words
    const y = this.#count
    const hash = this.#hashOf[x] ^ records[step + RECORD.hashLow]
    const base = x * words
    const change = step - words
    const mask = this.#table.length - 1
    let slot = hash & mask
    for (; this.#table[slot] !== 0; slot = (slot + 1) & mask) {
      const known = this.#table[slot] - 1
      if (this.#hashOf[known] !== hash) continue
      let w = 0
      while (w < words && this.#states[known * words + w] === (this.#states[base + w] ^ records[change + w]))
        w++
      if (w === words) return known
    }
    if (y === MOST_STATES) {
      this.#isCut = true
      return NONE
    }
    this.#table[slot] = y + 1
    this.#count++
    this.#apply(this.#states, base, step, this.#states, y * words)
    this.#hashOf[y] = hash
    this.#valuationOf[y] = this.#valuations.ofSuccessor(this.#valuationOf[x], step, this.#states, y * words)
    if (!this.#allows(this.#valuationOf[0], this.#valuationOf[y], BY_OTHERS)) return NONE
    const first = y * this.#most
    if (
      this.#lists.enabledTransitions(thread, this.#states, y * words, this.#movesOf, first, this.#reads) !==
      count
    )
      return NONE
    for (let n = 0; n < count; n++)
      if (!this.#isSameTransition(this.#movesOf[n], this.#movesOf[first + n])) return NONE
    return y
  }

  /** Marks the predicates that changed as changed `by` one side. False if one was changed by both sides. */
  #allows(from: number, to: number, by: number): boolean {
    if (from === to) return true
    if (to === UNNUMBERED) return false
    const before = this.#valuations.valuesOf(from)
    const after = this.#valuations.valuesOf(to)
    for (let q = 0; q < before.length; q++) {
      if (before[q] === after[q]) continue
      this.#changed[q] |= by
      if (this.#changed[q] === (BY_THREAD | BY_OTHERS)) return false
    }
    return true
  }

  /** Whether two records are of the same step without a fault, with the same values of action properties. */
  #isSameTransition(a: number, b: number): boolean {
    if (a === b) return !this.#faults(a)
    const { records } = this.#lists.compiled
    return (
      records[a + RECORD.step] === records[b + RECORD.step] &&
      records[a + RECORD.violated] === records[b + RECORD.violated] &&
      records[a + RECORD.antecedent] === records[b + RECORD.antecedent] &&
      !this.#faults(a) &&
      !this.#faults(b)
    )
  }

  #faults(transition: number): boolean {
    return this.#lists.compiled.records[transition + RECORD.fault] !== 0
  }

  /** Whether transition a followed by b changes the state as c followed by d does. */
  #isSameChange(a: number, b: number, c: number, d: number): boolean {
    const { records } = this.#lists.compiled
    for (let w = -this.#words; w < 0; w++)
      if ((records[a + w] ^ records[b + w]) !== (records[c + w] ^ records[d + w])) return false
    return true
  }

  #addChanges(transition: number, changes: Int32Array): void {
    const { records } = this.#lists.compiled
    for (let w = 0; w < this.#words; w++) changes[w] |= records[transition - this.#words + w]
  }

  #apply(words: Int32Array, base: number, transition: number, into: Int32Array, at: number): void {
    const { records } = this.#lists.compiled
    const change = transition - this.#words
    for (let w = 0; w < this.#words; w++) into[at + w] = words[base + w] ^ records[change + w]
  }
}
