import type { CompiledSystem } from '../../compile/compiled-system.ts'
import { UNKNOWN } from '../../compile/decision-trees.ts'
import { RECORD } from '../../compile/transition-record.ts'
import type { Valuations } from '../../search/valuations.ts'
import { SIZES } from '../../state/sizes.ts'
import { type LookAhead, NONE } from './look-ahead.ts'

/** Most steps of a compressed path. */
const MOST_STEPS = SIZES.compressedPath

/** Computes the form in which states are stored: `words` and its hash lanes. */
export interface Canonicaliser {
  readonly words: Int32Array
  readonly low: number
  readonly high: number
  canonicalise(words: Int32Array, base: number, low: number, high: number): void
}

/**
 * Follows paths through states that need not be stored. A state is skipped if a thread with a single step is a
 * persistent set (see `LookAhead`) and the step is invisible: it changes no predicate and violates no action
 * property. Whatever is reachable from the skipped state is then found from its successor as well.
 *
 * The path is a function of the state where it begins, so `unfold` can repeat it for a trace.
 */
export class PathCompression {
  /** The current state: packed words, hash lanes and class of predicate values. */
  readonly words: Int32Array
  low = 0
  high = 0
  #valuation = 0
  /** States skipped so far, with repetitions. */
  skipped = 0
  readonly #compiled: CompiledSystem
  readonly #valuations: Valuations
  readonly #look: LookAhead
  readonly #form: Canonicaliser | null
  readonly #mark: Int32Array

  constructor(compiled: CompiledSystem, valuations: Valuations, look: LookAhead, form: Canonicaliser | null) {
    this.#compiled = compiled
    this.#valuations = valuations
    this.#look = look
    this.#form = form
    this.words = new Int32Array(compiled.system.layout.words)
    this.#mark = new Int32Array(this.words.length)
  }

  /** Moves to the successor, by a transition, of the packed state at `base` in class `classNumber`. */
  enter(
    words: Int32Array,
    base: number,
    valuation: number,
    transition: number,
    low: number,
    high: number,
  ): void {
    const { records } = this.#compiled
    const change = transition - this.words.length
    for (let w = 0; w < this.words.length; w++) this.words[w] = words[base + w] ^ records[change + w]
    this.low = low
    this.high = high
    if (this.#form === null)
      this.#valuation = this.#valuations.ofSuccessor(valuation, transition, this.words, 0)
    else this.#canonicalise(this.#form)
  }

  /** Moves to the end of the path that begins in the current state. Returns how many states were skipped. */
  follow(): number {
    let steps = 0
    let lap = 1
    this.#mark.set(this.words)
    for (; steps < MOST_STEPS; steps++) {
      const transition = this.#next()
      if (transition === NONE) break
      this.#compiled.records[transition + RECORD.fired]++
      this.#take(transition)
      // Cycle detection (Brent 1980): the mark is moved at powers of two, so a cycle comes back to it.
      if (this.#isAtMark()) {
        steps++
        break
      }
      if (steps + 1 === lap) {
        lap *= 2
        this.#mark.set(this.words)
      }
    }
    this.skipped += steps
    return steps
  }

  /**
   * The numbers of all steps of a path, those from skipped states included.
   * @param initial the initial state, unpacked.
   * @param steps the steps between stored states.
   * @param lengths how many states were skipped after each of these steps.
   */
  unfold(initial: Uint16Array, steps: readonly number[], lengths: readonly number[]): number[] {
    const compiled = this.#compiled
    const { system, hash, trees, roots } = compiled
    system.layout.pack(initial, this.words, 0)
    this.low = hash.hashLow(initial)
    this.high = hash.hashHigh(initial)
    if (this.#form === null) this.#valuation = this.#valuations.ofState(this.words, 0)
    else this.#canonicalise(this.#form)
    const all: number[] = []
    const take = (transition: number): void => {
      all.push(this.#compiled.records[transition + RECORD.step])
      this.#take(transition)
    }
    for (const [n, step] of steps.entries()) {
      const known = trees.find(roots[step], this.words, 0)
      take(-(known === UNKNOWN ? compiled.record(compiled.steps[step], this.words, 0) : known))
      for (let k = 0; k < lengths[n]; k++) {
        const transition = this.#next()
        if (transition === NONE) throw new Error(`${system.name}: a compressed path of a trace ends early`)
        take(transition)
      }
    }
    return all
  }

  /** The transition by which the current state is skipped, or NONE if it must be stored. */
  #next(): number {
    const look = this.#look
    if (look.choose(this.words, 0, this.#valuation) === NONE || look.moveCount !== 1) return NONE
    const [transition] = look.moves
    return look.isInvisible ? transition : NONE
  }

  #isAtMark(): boolean {
    for (let w = 0; w < this.words.length; w++) if (this.words[w] !== this.#mark[w]) return false
    return true
  }

  #take(transition: number): void {
    const { records } = this.#compiled
    this.enter(
      this.words,
      0,
      this.#valuation,
      transition,
      this.low ^ records[transition + RECORD.hashLow],
      this.high ^ records[transition + RECORD.hashHigh],
    )
  }

  #canonicalise(form: Canonicaliser): void {
    form.canonicalise(this.words, 0, this.low, this.high)
    this.words.set(form.words)
    this.low = form.low
    this.high = form.high
    // Not taken from the parent: under other names, predicates may depend on fields that were not in a footprint yet.
    this.#valuation = this.#valuations.ofState(this.words, 0)
  }
}
