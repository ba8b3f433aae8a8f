import type { ModelError } from '../../model/language/errors.ts'
import { truthOf } from '../../model/language/model-code.ts'
import type { Counters, System } from '../../model/language/system.ts'
import { DIFFERS, type Part, propertyError } from './blame.ts'
import { withoutChance } from './chance.ts'
import { DecisionTrees, UNKNOWN } from './decision-trees.ts'
import { Recorder } from './recorder.ts'
import { type Recheck, Samples } from './samples.ts'

/** A yes/no question about a state, with an optional antecedent. */
export interface Question {
  readonly id: string
  readonly given?: (world: never, at: Counters) => boolean
  readonly holds: (world: never, at: Counters) => boolean
  /** Which function of the property `holds` is, for messages. Default: its `holds`. */
  readonly part?: Part
}

/** Answers are leaves: -1 no antecedent, -2 antecedent and true, -3 antecedent and false. */
export const ANSWER = { vacuous: -1, holds: -2, fails: -3 } as const

/**
 * Asked before an answer is kept: the fields on which it is to depend, beginning with those read. It must be a
 * function of the values of the fields it names, as the question itself.
 */
export type Widen = (index: number, answer: number, recorder: Recorder) => readonly number[]

/** How often a question is asked again at least. */
const ASKED_AGAIN = { all: 64, sample: 8 } as const

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
  readonly #samples: Samples | null
  readonly #view: { readonly world: never; readonly at: Counters }

  /** @param recheck which recordings `recheck` makes again; null when it is not called. */
  constructor(system: System, questions: readonly Question[], recheck: Recheck | null = null, widen?: Widen) {
    this.#system = system
    this.#widen = widen
    this.questions = questions
    this.roots = new Int32Array(questions.length)
    this.recorder = new Recorder(system.layout.fields.length)
    this.#view = system.view(this.recorder)
    this.footprints = new Int32Array(questions.length * system.layout.words)
    this.#samples =
      recheck === null ? null : new Samples(questions.length, system.layout.words, recheck, ASKED_AGAIN)
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
    let part: Part = 'given'
    try {
      const world = this.#view.world
      const { at } = this.#view
      if (question.given !== undefined && !truthOf(question.given(world, at))) return ANSWER.vacuous
      part = question.part ?? 'holds'
      return truthOf(question.holds(world, at)) ? ANSWER.holds : ANSWER.fails
    } catch (error) {
      throw this.#wrong(index, error, part)
    }
  }

  /**
   * Asks the questions that were recorded again, in another order than the search did.
   * @throws ModelError for a property that answers otherwise now.
   */
  recheck(seed: number): void {
    this.#samples?.visit(seed, this.#askAgain)
  }

  readonly #askAgain = (index: number, known: number, words: Int32Array, base: number): void => {
    const { recorder, trees, roots } = this
    const { layout } = this.#system
    layout.unpack(words, base, recorder.base)
    const widened = this.#widen !== undefined
    if (this.judge(index) !== known) throw this.#wrong(index, DIFFERS.result)
    const { length } = recorder.reads
    if (!trees.leadsTo(-known, roots[index], recorder, layout.fields, length, widened))
      throw this.#wrong(index, DIFFERS.reads)
  }

  #record(index: number, words: Int32Array, base: number): number {
    const { recorder, roots } = this
    const { layout } = this.#system
    layout.unpack(words, base, recorder.base)
    const answer = withoutChance(() => this.judge(index))
    const reads = recorder.reads.join(' ')
    if (this.judge(index) !== answer) throw this.#wrong(index, DIFFERS.result)
    if (recorder.reads.join(' ') !== reads) throw this.#wrong(index, DIFFERS.reads)
    const depends = this.#widen === undefined ? recorder.reads : this.#widen(index, answer, recorder)
    try {
      roots[index] = this.trees.insert(roots[index], depends, layout.fields, recorder.base, -answer)
    } catch (error) {
      throw this.#wrong(index, error)
    }
    this.#samples?.add(index, answer, words, base)
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

  #wrong(index: number, error: unknown, part: Part | null = null): ModelError {
    return propertyError(this.#system.name, this.questions[index].id, part, error)
  }
}
