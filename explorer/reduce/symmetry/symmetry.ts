import { ModelError } from '../../../model/language/errors.ts'
import type { ActionProperty } from '../../../model/language/property.ts'
import type { Sort } from '../../../model/language/shapes.ts'
import type { System } from '../../../model/language/system.ts'
import { PREDICATE_VALUE, type Predicate, Predicates, type Widen } from '../../compile/predicates.ts'
import type { Recorder } from '../../compile/recorder.ts'
import { type StepOutcome, StepRunner } from '../../compile/step-runner.ts'
import { type CompiledStep, stepTable } from '../../compile/step-table.ts'
import type { StateTable } from '../../state/state-table.ts'
import type { Tabulation } from '../../state/tabulation.ts'
import type { VectorStore } from '../../state/vector-store.ts'
import type { SymmetryState } from '../reduction-state.ts'
import { CanonicalForm } from './canonical-form.ts'
import { type Effect, type Evaluation, isRenamed } from './effect.ts'
import { Equivariance } from './equivariance.ts'
import { StepFamilies, type StepFamily } from './step-families.ts'
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
  readonly widenStep: (step: CompiledStep, run: StepOutcome, recorder: Recorder) => readonly number[]
  readonly widenPredicate: Widen
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
    predicates: readonly Predicate[],
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
      run: (family, encoded) => this.#evaluate(families[family], encoded),
      image: (family, permutation) => this.#families.image(families[family], permutation).index,
      slotsOf: (family) => placements[system.threads[families[family].thread].counter.index].places,
      describe: (family) => {
        const { thread, steps } = families[family]
        return `step ${this.#steps[steps[0]].path} of ${system.threads[thread].name}`
      },
    })
    const probe = new Predicates(system, predicates)
    const ofPredicates = new Equivariance(system.name, this.#group, {
      run: (predicate, encoded) => {
        probe.recorder.base.set(encoded)
        return { effects: [truth(probe.compute(predicate))], reads: [...probe.recorder.reads] }
      },
      image: (predicate) => predicate,
      slotsOf: () => [],
      describe: (predicate) => `property ${predicates[predicate].id}`,
    })
    this.#checks = [ofSteps, ofPredicates]
    const identity = this.#group.identity()
    const widen = (
      check: Equivariance,
      unit: number,
      { base, reads }: Recorder,
      nth: number,
      own: Effect,
    ): readonly number[] => {
      // What is checked is what the search will do: the search has run the code for itself.
      if (!isRenamed(this.#group, own, identity, check.evaluate(unit, base).effects[nth]))
        throw new ModelError(
          `${system.name}: ${check.describe(unit)} says something else when asked again about the same state`,
        )
      return check.widen(unit, base, reads)
    }
    this.widenStep = (step, run, recorder) => {
      const family = this.#families.familyOf(step.index)
      const own = this.#effect(step, run, recorder)
      return widen(ofSteps, family.index, recorder, family.steps.indexOf(step.index), own)
    }
    this.widenPredicate = (predicate, evaluation, recorder) =>
      widen(ofPredicates, predicate, recorder, 0, truth(evaluation))
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
    const canonicalise = (encoded: Uint16Array): void => {
      layout.pack(encoded, words, 0)
      form.canonicalise(words, 0, 0, 0)
    }
    const outcomeOf = (step: number, encoded: Uint16Array): string => {
      recorder.base.set(encoded)
      const run = this.#runner.run(this.#steps[step])
      const { outcome } = this.#effect(this.#steps[step], run, recorder)
      canonicalise(recorder.now)
      return run.kind === 'disabled' ? '' : `${outcome}: ${form.words.join()}`
    }
    return steps.map((step, n) => {
      canonicalise(state)
      layout.unpack(form.words, 0, canonical)
      const candidates = this.#families.image(
        this.#families.familyOf(step),
        group.inverse(form.permutation),
      ).steps
      const expected = outcomeOf(step, canonical)
      const found = candidates.find((candidate) => outcomeOf(candidate, state) === expected)
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
  #evaluate(family: StepFamily, encoded: Uint16Array): Evaluation {
    const { recorder } = this.#runner
    const reads: number[] = []
    const effects = family.steps.map((step) => {
      recorder.base.set(encoded)
      const run = this.#runner.run(this.#steps[step])
      for (const f of recorder.reads) if (!reads.includes(f)) reads.push(f)
      return this.#effect(this.#steps[step], run, recorder)
    })
    return { reads, effects }
  }

  #effect({ thread, counter }: CompiledStep, run: StepOutcome, { base, now, writes }: Recorder): Effect {
    if (run.kind === 'disabled') return { outcome: 'is not enabled', fields: [], encoded: [] }
    if (run.kind === 'fault') return { outcome: `violates ${run.fault.property}`, fields: [], encoded: [] }
    const { index } = this.#system.threads[thread].counter
    const fields = writes.filter((f) => now[f] !== base[f])
    if (now[index] !== counter) fields.push(index)
    const encoded = fields.map((f) => now[f])
    if (run.antecedent === 0) return { outcome: 'is taken', fields, encoded }
    const list = (bits: number): string =>
      this.#actions.flatMap((a, bit) => ((bits >>> bit) & 1 ? [a.id] : [])).join(', ') || 'nothing'
    const outcome = `is taken, concerns ${list(run.antecedent)} and violates ${list(run.violated)}`
    return { outcome, fields, encoded }
  }

  #closed(): boolean {
    const initial = new Set(this.#system.initial.map((encoded) => encoded.join()))
    const image = new Uint16Array(this.#system.layout.fields.length)
    return this.#group.generators.every(({ permutation }) =>
      this.#system.initial.every((encoded) => {
        this.#group.imageOfState(encoded, permutation, image)
        return initial.has(image.join())
      }),
    )
  }
}

function truth(evaluation: number): Effect {
  const outcome =
    evaluation === PREDICATE_VALUE.vacuous
      ? 'does not apply'
      : evaluation === PREDICATE_VALUE.holds
        ? 'is true'
        : 'is false'
  return { outcome, fields: [], encoded: [] }
}
