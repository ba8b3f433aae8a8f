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

/** Questions about states, answered once per distinct values they read and replayed from then on. */
export class Predicates {
  readonly questions: readonly Question[]
  readonly trees = new DecisionTrees()
  readonly roots: Int32Array
  readonly #system: System
  readonly #recorder: Recorder
  readonly #view: { readonly world: unknown; readonly at: Counters }

  constructor(system: System, questions: readonly Question[]) {
    this.#system = system
    this.questions = questions
    this.roots = new Int32Array(questions.length)
    this.#recorder = new Recorder(system.layout.fields.length)
    this.#view = system.view(this.#recorder)
  }

  /** Answer to question `index` about the packed state at `base`. @throws ModelError when it throws. */
  ask(index: number, words: Int32Array, base: number): number {
    const known = this.trees.find(this.roots[index], words, base)
    return known === UNKNOWN ? this.#record(index, words, base) : known
  }

  #record(index: number, words: Int32Array, base: number): number {
    const recorder = this.#recorder
    const { layout } = this.#system
    const question = this.questions[index]
    layout.unpack(words, base, recorder.base)
    recorder.restart()
    recorder.frozen = true
    try {
      const world = this.#view.world as never
      const given = question.given === undefined || question.given(world, this.#view.at)
      const answer = !given
        ? ANSWER.vacuous
        : question.holds(world, this.#view.at)
          ? ANSWER.holds
          : ANSWER.fails
      this.roots[index] = this.trees.insert(
        this.roots[index],
        recorder.reads,
        layout.fields,
        recorder.base,
        -answer,
      )
      return answer
    } catch (error) {
      const what = error instanceof Error ? error.message : String(error)
      const why = error instanceof NondeterministicRead ? `is not a function of the state: it ${what}` : what
      throw new ModelError(`${this.#system.name}: property ${question.id}: ${why}`)
    }
  }
}
