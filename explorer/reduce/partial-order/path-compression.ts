import type { CompiledSystem } from '../../compile/compiled-system.ts'
import { UNKNOWN } from '../../compile/decision-trees.ts'
import { RECORD } from '../../compile/transition-record.ts'
import type { AnswerClasses } from '../../search/answer-classes.ts'
import { SIZES } from '../../state/sizes.ts'
import { type LookAhead, NONE } from './look-ahead.ts'

/** Steps after which a chain ends in any case. */
const MOST_STEPS = SIZES.compressedPath

/** Brings states into the form in which they are kept, in `words`, with its hash lanes. */
export interface Canonicaliser {
  readonly words: Int32Array
  readonly low: number
  readonly high: number
  canonicalise(words: Int32Array, base: number, low: number, high: number): void
}

/**
 * Runs of single steps through states that need not be kept. A state is passed when one thread with a single
 * step is enough for it (see `LookAhead`), and that step changes no answer and violates nothing: then all that
 * could be found in the state is found in the next as well.
 *
 * What follows a state is a function of the state, so a chain can be gone through again for a trace.
 */
export class PathCompression {
  /** The state: packed words, hash lanes and class of answers. */
  readonly words: Int32Array
  low = 0
  high = 0
  #class = 0
  /** States passed so far, with repetitions. */
  passed = 0
  readonly #compiled: CompiledSystem
  readonly #classes: AnswerClasses
  readonly #look: LookAhead
  readonly #form: Canonicaliser | null
  readonly #mark: Int32Array

  constructor(compiled: CompiledSystem, classes: AnswerClasses, look: LookAhead, form: Canonicaliser | null) {
    this.#compiled = compiled
    this.#classes = classes
    this.#look = look
    this.#form = form
    this.words = new Int32Array(compiled.system.layout.words)
    this.#mark = new Int32Array(this.words.length)
  }

  /** Goes to the state that a behaviour leads to from the packed state at `base` of class `classNumber`. */
  enter(
    words: Int32Array,
    base: number,
    classNumber: number,
    transition: number,
    low: number,
    high: number,
  ): void {
    const { records } = this.#compiled
    const change = transition - this.words.length
    for (let w = 0; w < this.words.length; w++) this.words[w] = words[base + w] ^ records[change + w]
    this.low = low
    this.high = high
    if (this.#form === null) this.#class = this.#classes.ofSuccessor(classNumber, transition, this.words, 0)
    else this.#canonicalise(this.#form)
  }

  /** Goes to the end of the chain that begins in the state. Returns how many states were passed. */
  follow(): number {
    let steps = 0
    let lap = 1
    this.#mark.set(this.words)
    for (; steps < MOST_STEPS; steps++) {
      const transition = this.#next()
      if (transition === NONE) break
      this.#compiled.records[transition + RECORD.fired]++
      this.#take(transition)
      // Whoever goes round meets a mark that is moved ever less often (Brent 1980).
      if (this.#isAtMark()) {
        steps++
        break
      }
      if (steps + 1 === lap) {
        lap *= 2
        this.#mark.set(this.words)
      }
    }
    this.passed += steps
    return steps
  }

  /**
   * The numbers of all steps of a path.
   * @param initial codes of the initial state.
   * @param steps the first step of each part of the path.
   * @param lengths how many states the chain after each of them passed.
   */
  unfold(initial: Uint16Array, steps: readonly number[], lengths: readonly number[]): number[] {
    const compiled = this.#compiled
    const { system, hash, trees, roots } = compiled
    system.layout.pack(initial, this.words, 0)
    this.low = hash.hashLow(initial)
    this.high = hash.hashHigh(initial)
    if (this.#form === null) this.#class = this.#classes.ofState(this.words, 0)
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
        if (transition === NONE) throw new Error(`${system.name}: a chain of a trace ends early`)
        take(transition)
      }
    }
    return all
  }

  /** The behaviour by which the state is passed, or NONE when it is to be kept. */
  #next(): number {
    const look = this.#look
    if (look.choose(this.words, 0, this.#class) === NONE || look.moveCount !== 1) return NONE
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
      this.#class,
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
    // Not inherited: under other names answers may depend on what was never asked about.
    this.#class = this.#classes.ofState(this.words, 0)
  }
}
