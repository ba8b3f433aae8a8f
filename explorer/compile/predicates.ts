import { ModelError } from '../../model/language/errors.ts'
import type { Counters, System } from '../../model/language/system.ts'
import { DecisionTrees, NondeterministicRead, UNKNOWN } from './behaviours.ts'
import { Recorder } from './recorder.ts'

/** A yes/no question about a state, with an optional antecedent. */
export interface Question {
  readonly id: string
  readonly given?: (world: never, at: Counters) => boolean
  readonly holds: (world: never, at: Counters) => boolean
}

/** Answers are leaves: -1 no antecedent, -2 antecedent and true, -3 antecedent and false. */
export const ANSWER = { vacuous: -1, holds: -2, fails: -3 } as const

/**
 * Asked before an answer is kept: the fields on which it is to depend, beginning with those read. It must be a
 * function of the values of the fields it names, as the question itself.
 */
export type Widen = (index: number, answer: number, recorder: Recorder) => readonly number[]

/** Questions about states, answered once per distinct values they read and replayed from then on. */
export class Predicates {
  readonly questions: readonly Question[]
  readonly trees = new DecisionTrees()
  readonly roots: Int32Array
  readonly recorder: Recorder
  /** Bits of the packed state on which the answers to question q depend so far, at `q * words`. */
  readonly footprints: Int32Array
  /** Grows whenever a footprint does. */
  footprintVersion = 0
  /** Told of every answer when it is computed, with the codes of the state and the fields it depends on. */
  onAnswer:
    | ((question: number, answer: number, codes: Uint16Array, depends: readonly number[]) => void)
    | null = null
  readonly #system: System
  readonly #widen: Widen | undefined
  readonly #view: { readonly world: unknown; readonly at: Counters }

  constructor(system: System, questions: readonly Question[], widen?: Widen) {
    this.#system = system
    this.#widen = widen
    this.questions = questions
    this.roots = new Int32Array(questions.length)
    this.recorder = new Recorder(system.layout.fields.length)
    this.#view = system.view(this.recorder)
    this.footprints = new Int32Array(questions.length * system.layout.words)
  }

  /** Answer to question `index` about the packed state at `base`. @throws ModelError when it throws. */
  ask(index: number, words: Int32Array, base: number): number {
    const known = this.trees.find(this.roots[index], words, base)
    return known === UNKNOWN ? this.#record(index, words, base) : known
  }

  /**
   * Answers by running the question's code on the state that the caller has put into `recorder.base`; what
   * it read stays in the recorder. @throws ModelError when the code throws or writes.
   */
  judge(index: number): number {
    const { recorder } = this
    const question = this.questions[index]
    recorder.restart()
    recorder.frozen = true
    try {
      const world = this.#view.world as never
      const given = question.given === undefined || question.given(world, this.#view.at)
      if (!given) return ANSWER.vacuous
      return question.holds(world, this.#view.at) ? ANSWER.holds : ANSWER.fails
    } catch (error) {
      throw this.#wrong(index, error)
    }
  }

  #record(index: number, words: Int32Array, base: number): number {
    const { recorder, roots } = this
    const { layout } = this.#system
    layout.unpack(words, base, recorder.base)
    const answer = this.judge(index)
    const reads = recorder.reads.join(' ')
    if (this.judge(index) !== answer || recorder.reads.join(' ') !== reads)
      throw this.#wrong(index, new Error('says something else when it is asked again about the same state'))
    const depends = this.#widen === undefined ? recorder.reads : this.#widen(index, answer, recorder)
    try {
      roots[index] = this.trees.insert(roots[index], depends, layout.fields, recorder.base, -answer)
    } catch (error) {
      throw this.#wrong(index, error)
    }
    this.onAnswer?.(index, answer, recorder.base, depends)
    for (const f of depends) {
      const { word, shift, mask } = layout.fields[f]
      const at = index * layout.words + word
      if ((this.footprints[at] | (mask << shift)) === this.footprints[at]) continue
      this.footprints[at] |= mask << shift
      this.footprintVersion++
    }
    return answer
  }

  #wrong(index: number, error: unknown): ModelError {
    const what = error instanceof Error ? error.message : String(error)
    const why = error instanceof NondeterministicRead ? `is not a function of the state: it ${what}` : what
    return new ModelError(`${this.#system.name}: property ${this.questions[index].id}: ${why}`)
  }
}
