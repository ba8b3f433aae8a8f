import { ModelError } from '../../../model/language/errors.ts'
import type { ActionProperty } from '../../../model/language/property.ts'
import type { Sort } from '../../../model/language/shapes.ts'
import type { System } from '../../../model/language/system.ts'
import { ANSWER, Predicates, type Question, type Widen } from '../../compile/predicates.ts'
import type { Recorder } from '../../compile/recorder.ts'
import { type Run, StepRunner } from '../../compile/step-runner.ts'
import { type CompiledStep, stepTable } from '../../compile/step-table.ts'
import type { StateTable } from '../../state/state-table.ts'
import type { Tabulation } from '../../state/tabulation.ts'
import type { VectorStore } from '../../state/vector-store.ts'
import { type Answer, isRenamed, type Saying } from '../partial-order/saying.ts'
import { StepFamilies, type StepFamily } from '../partial-order/step-families.ts'
import type { SymmetryState } from '../reduction-state.ts'
import { CanonicalForm } from './canonical-form.ts'
import { Equivariance } from './equivariance.ts'
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
  /** Model code run to check that names do not matter, again for a search that goes on from a checkpoint. */
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
  readonly #families: StepFamilies
  readonly #actions: readonly ActionProperty<never>[]
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
    this.#families = new StepFamilies(this.#group, system, this.#steps)
    this.#actions = actions
    this.#runner = new StepRunner(system, actions)
    const { placements } = this.#group
    const { families } = this.#families
    const ofSteps = new Equivariance(system.name, this.#group, {
      answer: (family, codes) => this.#answer(families[family], codes),
      image: (family, permutation) => this.#families.image(families[family], permutation).index,
      slotsOf: (family) => placements[system.threads[families[family].thread].counter.index].places,
      describe: (family) => {
        const { thread, steps } = families[family]
        return `step ${this.#steps[steps[0]].path} of ${system.threads[thread].name}`
      },
    })
    const probe = new Predicates(system, questions)
    const ofQuestions = new Equivariance(system.name, this.#group, {
      answer: (question, codes) => {
        probe.recorder.base.set(codes)
        return { sayings: [truth(probe.judge(question))], reads: [...probe.recorder.reads] }
      },
      image: (question) => question,
      slotsOf: () => [],
      describe: (question) => `property ${questions[question].id}`,
    })
    this.#checks = [ofSteps, ofQuestions]
    const identity = this.#group.identity()
    const widen = (
      check: Equivariance,
      subject: number,
      { base, reads }: Recorder,
      nth: number,
      own: Saying,
    ): readonly number[] => {
      // What is checked is what the search will do: the search has run the code for itself.
      if (!isRenamed(this.#group, own, identity, check.ask(subject, base).sayings[nth]))
        throw new ModelError(
          `${system.name}: ${check.describe(subject)} says something else when asked again about the same state`,
        )
      return check.widen(subject, base, reads)
    }
    this.widenStep = (step, run, recorder) => {
      const family = this.#families.familyOf(step.index)
      const own = this.#saying(step, run, recorder)
      return widen(ofSteps, family.index, recorder, family.steps.indexOf(step.index), own)
    }
    this.widenQuestion = (question, answer, recorder) =>
      widen(ofQuestions, question, recorder, 0, truth(answer))
  }

  /**
   * Forgets which situations were checked: what behaviours are to depend on is then a matter of the search to
   * come alone, and will be the same when its recordings are made again.
   */
  forget(): void {
    for (const check of this.#checks) check.forget()
  }

  /** Begins a search. @returns the visited set of orbits in front of the table. */
  begin(table: StateTable, store: VectorStore, hash: Tabulation): SymmetricSet {
    this.#form = new CanonicalForm(this.#group, this.#system.layout, hash)
    this.#set = new SymmetricSet(table, store, this.#form, this.#group.order)
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
    const outcome = (step: number, codes: Uint16Array): string => {
      recorder.base.set(codes)
      const run = this.#runner.run(this.#steps[step])
      const { said } = this.#saying(this.#steps[step], run, recorder)
      canonicalise(recorder.now)
      return run.kind === 'disabled' ? '' : `${said}: ${form.words.join()}`
    }
    return steps.map((step, n) => {
      canonicalise(state)
      layout.unpack(form.words, 0, canonical)
      const candidates = this.#families.image(
        this.#families.familyOf(step),
        group.inverse(form.permutation),
      ).steps
      const expected = outcome(step, canonical)
      const found = candidates.find((candidate) => outcome(candidate, state) === expected)
      if (found === undefined || expected === '') {
        throw new Error(
          `${this.#system.name}: step ${n + 1} of a path of the reduced search, ${this.#steps[step].path}, is not possible in the system; this is a defect of the search`,
        )
      }
      state.set(recorder.now)
      return found
    })
  }

  /** The sorts and what their permutations do to fields, as text, for comparison. */
  get description(): string {
    return this.#group.description
  }

  /** What has been counted, for a checkpoint. */
  state(): SymmetryState {
    return { represented: this.#set?.represented ?? 0 }
  }

  /** Goes on from what an interrupted search had counted; what it recorded has been checked again. */
  restore({ represented }: SymmetryState): void {
    if (this.#set !== null) this.#set.represented = represented
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

  /** What the steps of a family say, in their order. */
  #answer(family: StepFamily, codes: Uint16Array): Answer {
    const { recorder } = this.#runner
    const reads: number[] = []
    const sayings = family.steps.map((step) => {
      recorder.base.set(codes)
      const run = this.#runner.run(this.#steps[step])
      for (const f of recorder.reads) if (!reads.includes(f)) reads.push(f)
      return this.#saying(this.#steps[step], run, recorder)
    })
    return { reads, sayings }
  }

  #saying({ thread, counter }: CompiledStep, run: Run, { base, now, writes }: Recorder): Saying {
    if (run.kind === 'disabled') return { said: 'is not enabled', fields: [], codes: [] }
    if (run.kind === 'fault') return { said: `violates ${run.fault.property}`, fields: [], codes: [] }
    const { index } = this.#system.threads[thread].counter
    const fields = writes.filter((f) => now[f] !== base[f])
    if (now[index] !== counter) fields.push(index)
    const codes = fields.map((f) => now[f])
    if (run.antecedent === 0) return { said: 'is taken', fields, codes }
    const list = (bits: number): string =>
      this.#actions.flatMap((a, bit) => ((bits >>> bit) & 1 ? [a.id] : [])).join(', ') || 'nothing'
    const said = `is taken, concerns ${list(run.antecedent)} and violates ${list(run.violated)}`
    return { said, fields, codes }
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

function truth(answer: number): Saying {
  const said = answer === ANSWER.vacuous ? 'does not apply' : answer === ANSWER.holds ? 'is true' : 'is false'
  return { said, fields: [], codes: [] }
}
