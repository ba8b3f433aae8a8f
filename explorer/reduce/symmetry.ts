import type { ActionProperty } from '../../model/language/property.ts'
import type { Sort } from '../../model/language/shapes.ts'
import type { System } from '../../model/language/system.ts'
import { ANSWER, Predicates, type Question, type Widen } from '../compile/predicates.ts'
import type { Recorder } from '../compile/recorder.ts'
import { type Run, StepRunner } from '../compile/step-runner.ts'
import { type CompiledStep, stepTable } from '../compile/step-table.ts'
import type { VisitedSet } from '../state/batch.ts'
import type { Tabulation } from '../state/tabulation.ts'
import type { VectorStore } from '../state/vector-store.ts'
import { CanonicalForm } from './canonical-form.ts'
import { Equivariance } from './equivariance.ts'
import { StepImages } from './step-images.ts'
import { SymmetricSet } from './symmetric-set.ts'
import { SymmetryGroup } from './symmetry-group.ts'

/** What a search with symmetry did. */
export interface SymmetryReport {
  /** The sorts whose ids were interchanged, with their sizes. */
  readonly sorts: readonly { readonly name: string; readonly size: number }[]
  /** Number of permutations. */
  readonly permutations: number
  /** How many states the explored ones stand for. */
  readonly represented: number
  /**
   * True when the initial states are closed under the permutations: then `represented` is exactly the number
   * of states without the reduction; else it is an upper bound.
   */
  readonly closed: boolean
  /** Model code run to check that names do not matter. */
  readonly checks: number
}

/**
 * Search up to the names of interchangeable ids. Nothing is taken on trust: every behaviour and every answer
 * of a property that the search uses is checked under all renamings when it is recorded.
 *
 * Why that is enough: let R be the states a search keeps, one per orbit met. A recorded behaviour stands for
 * all states that agree on the fields it depends on, and for them p(step)(p(state)) = p(step(state)) for every
 * permutation p. So the successors of p(r), r in R, are the images of the successors of r, every reachable
 * state is an image of a state in R, at the same distance, and properties answer alike on both. Initial states
 * need not be closed under the permutations for that.
 */
export class Symmetry {
  readonly widenStep: (step: CompiledStep, run: Run, recorder: Recorder) => readonly number[]
  readonly widenQuestion: Widen
  readonly #system: System
  readonly #group: SymmetryGroup
  readonly #steps: readonly CompiledStep[]
  readonly #images: StepImages
  readonly #runner: StepRunner
  readonly #checks: readonly Equivariance[]
  #form: CanonicalForm | null = null
  #set: SymmetricSet | null = null

  constructor(
    system: System,
    sorts: readonly Sort[],
    actions: readonly ActionProperty<never>[],
    questions: readonly Question[],
  ) {
    this.#system = system
    this.#group = new SymmetryGroup(system, sorts)
    this.#steps = stepTable(system)
    this.#images = new StepImages(this.#group, system, this.#steps)
    this.#runner = new StepRunner(system, actions)
    const { generators } = this.#group
    const ofSteps = new Equivariance(system.name, this.#group, {
      answer: (step, codes) => {
        this.#runner.recorder.base.set(codes)
        return answerOf(this.#runner.run(this.#steps[step]), this.#runner.recorder, actions)
      },
      image: (step, generator) => this.#images.image(step, generators[generator].permutation),
      describe: (step) =>
        `step ${this.#steps[step].path} of ${system.threads[this.#steps[step].thread].name}`,
    })
    const probe = new Predicates(system, questions)
    const ofQuestions = new Equivariance(system.name, this.#group, {
      answer: (question, codes) => {
        probe.recorder.base.set(codes)
        return { said: said(probe.judge(question)), reads: probe.recorder.reads, after: null }
      },
      image: (question) => question,
      describe: (question) => `property ${questions[question].id}`,
    })
    this.#checks = [ofSteps, ofQuestions]
    this.widenStep = (step, run, recorder) =>
      ofSteps.widen(step.index, recorder.base, answerOf(run, recorder, actions))
    this.widenQuestion = (question, answer, { base, reads }) =>
      ofQuestions.widen(question, base, { said: said(answer), reads, after: null })
  }

  /** Makes a visited set one of orbits. To be called once. */
  visitedSet(inner: VisitedSet, store: VectorStore, hash: Tabulation): SymmetricSet {
    this.#form = new CanonicalForm(this.#group, this.#system.layout, hash)
    this.#set = new SymmetricSet(inner, store, this.#form, this.#group.order)
    return this.#set
  }

  /**
   * The run of the unreduced system that a path of the search stands for. Names are those of the initial
   * state throughout.
   * @param initial codes of the initial state.
   * @param steps numbers of the steps, each as named in the canonical state it was taken from.
   * @returns the numbers of the steps under their true names.
   */
  trueSteps(initial: Uint16Array, steps: readonly number[]): number[] {
    const { layout } = this.#system
    const form = this.#form as CanonicalForm
    const { recorder } = this.#runner
    const group = this.#group
    const state = initial.slice()
    const canonical = new Uint16Array(state.length)
    const words = new Int32Array(layout.words)
    const canonicalise = (codes: Uint16Array): void => {
      layout.pack(codes, words, 0)
      form.canonicalise(words, 0, 0, 0)
    }
    return steps.map((step, n) => {
      canonicalise(state)
      const true_ = this.#images.image(step, group.inverse(form.permutation))
      layout.unpack(form.words, 0, canonical)
      const kinds: string[] = []
      const forms = [[true_, state] as const, [step, canonical] as const].map(([number, codes]) => {
        recorder.base.set(codes)
        kinds.push(this.#runner.run(this.#steps[number]).kind)
        canonicalise(recorder.now)
        if (codes === state) state.set(recorder.now)
        return form.words.join()
      })
      const last = n === steps.length - 1
      const possible = kinds[0] === kinds[1] && (kinds[0] === 'moved' || (last && kinds[0] === 'fault'))
      if (!possible || forms[0] !== forms[1]) {
        throw new Error(
          `${this.#system.name}: a path of the reduced search is no path of the system (step ${n + 1}, ${this.#steps[true_].event}); this is a defect of the search`,
        )
      }
      return true_
    })
  }

  report(): SymmetryReport {
    return {
      sorts: this.#group.sorts.map(({ name, size }) => ({ name, size })),
      permutations: this.#group.order,
      represented: this.#set?.represented ?? 0,
      closed: this.#closed(),
      checks: this.#checks.reduce((sum, c) => sum + c.runs, 0),
    }
  }

  #closed(): boolean {
    const initial = new Set(this.#system.initial.map((codes) => codes.join()))
    const image = new Uint16Array(this.#system.layout.fields.length)
    return this.#group.generators.every(({ permutation }) =>
      this.#system.initial.every((codes) => {
        this.#group.imageOfState(codes, permutation, image)
        return initial.has(image.join())
      }),
    )
  }
}

function answerOf(run: Run, { reads, now }: Recorder, actions: readonly ActionProperty<never>[]) {
  if (run.kind === 'disabled') return { said: 'is not enabled', reads, after: null }
  if (run.kind === 'fault') return { said: `violates ${run.fault.property}`, reads, after: null }
  if (run.antecedent === 0) return { said: 'is taken', reads, after: now }
  const list = (bits: number): string =>
    actions.flatMap((a, bit) => ((bits >>> bit) & 1 ? [a.id] : [])).join(', ') || 'nothing'
  const words = `is taken, concerns ${list(run.antecedent)} and violates ${list(run.violated)}`
  return { said: words, reads, after: now }
}

function said(answer: number): string {
  return answer === ANSWER.vacuous ? 'does not apply' : answer === ANSWER.holds ? 'is true' : 'is false'
}
