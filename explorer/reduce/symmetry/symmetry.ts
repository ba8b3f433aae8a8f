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

/** How a search used symmetry. */
export interface SymmetryReport {
  /** The sorts whose ids were permuted, with their sizes. */
  readonly sorts: readonly { readonly name: string; readonly size: number }[]
  /** Number of permutations. */
  readonly permutations: number
  /** How many states the explored ones represent. */
  readonly represented: number
  /**
   * Whether the initial states are closed under the permutations. Then `represented` is the number of states without
   * the reduction; otherwise it is an upper bound.
   */
  readonly closed: boolean
  /** Runs of model code to check equivariance. A search resumed from a checkpoint repeats them. */
  readonly checks: number
}

/**
 * Symmetry reduction: searches orbits instead of states. The declaration of a symmetric sort is not trusted: every
 * transition and every predicate value that the search uses is checked under all renamings when it is recorded.
 *
 * Why this is sound: let R be the states that the search stores, one per orbit found. A transition record stands for
 * all states that agree on the fields it depends on, and for them p(step)(p(state)) = p(step(state)) for every
 * permutation p. So the successors of p(r), for r in R, are the images of the successors of r. Therefore every
 * reachable state is an image of a state in R at the same distance, and predicates have the same values on both. The
 * initial states need not be closed under the permutations for this.
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
      // Make sure that the check and the search saw the same effect: each ran the code separately.
      if (!isRenamed(this.#group, own, identity, check.evaluate(unit, base).effects[nth]))
        throw new ModelError(
          `${system.name}: ${check.describe(unit)} differs when it is evaluated again on the same state`,
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
   * Forgets which partial states were checked, so that the fields that recordings depend on are determined by the
   * next search alone. A resumed search then repeats its recordings exactly.
   */
  forget(): void {
    for (const check of this.#checks) check.forget()
  }

  /** Begins a search. @returns the visited set of orbits, in front of the table. */
  begin(table: StateTable, store: VectorStore, hash: Tabulation): SymmetricSet {
    this.#form = new CanonicalForm(this.#group, this.#system.layout, hash)
    this.#set = new SymmetricSet(table, store, this.#form, this.#group.order)
    return this.#set
  }

  /**
   * The behaviour of the unreduced system that a path of the search stands for, with the names of the initial state
   * throughout.
   * @param initial the initial state, unpacked.
   * @param steps numbers of the steps, each with the names of the canonical state in which it was taken.
   * @returns the numbers of the steps with the names of the initial state.
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
          `${this.#system.name}: step ${n + 1} of a path of the reduced search, ${this.#steps[step].path}, is not possible in the system; this is a bug in the search`,
        )
      }
      state.set(recorder.now)
      return found
    })
  }

  /** The sorts and the action of their permutations on fields, as text for comparison. */
  get description(): string {
    return this.#group.description
  }

  /** The counters, for a checkpoint. */
  state(): SymmetryState {
    return { represented: this.#set?.represented ?? 0 }
  }

  /** Restores the counters of an interrupted search; its recordings have been checked again by then. */
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

  /** The effects of the steps of a family, in their order. */
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
