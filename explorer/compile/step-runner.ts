import type { ModelError } from '../../model/language/errors.ts'
import { checkEffect, truthOf } from '../../model/language/model-code.ts'
import { type ActionProperty, Oops, type StepView } from '../../model/language/property.ts'
import type { System } from '../../model/language/system.ts'
import { ConstantProperties } from './constant-properties.ts'
import { type Part, PropertyFailure, stepError } from './model-code-errors.ts'
import { BeforeView, Recorder } from './recorder.ts'
import type { CompiledStep } from './step-table.ts'

/** What a step does on a state; its reads, writes and the state after it stay in the runner's recorder. */
export type StepOutcome =
  | { readonly kind: 'disabled' }
  | { readonly kind: 'fault'; readonly fault: Oops }
  /** Bit per action property: which ones the step violates, and whose antecedents are true. */
  | { readonly kind: 'moved'; readonly violated: number; readonly antecedent: number }

const DISABLED_OUTCOME: StepOutcome = { kind: 'disabled' }

/** Runs the model code of steps, and the action properties on them, under a recorder. */
export class StepRunner {
  readonly recorder: Recorder
  /** How many of the recorded reads are the step's; the rest are those of action properties. */
  ownReads = 0
  readonly #system: System
  readonly #world: never
  readonly #before: never
  readonly #actions: readonly ActionProperty<never>[]
  readonly #constants: ConstantProperties

  constructor(system: System, actions: readonly ActionProperty<never>[]) {
    this.#system = system
    this.recorder = new Recorder(system.layout.fields.length)
    this.#world = system.view(this.recorder).world
    this.#before = system.view(new BeforeView(this.recorder)).world
    this.#actions = actions
    this.#constants = new ConstantProperties(this.recorder, system.layout, actions.length)
  }

  /**
   * Runs a step on the state that the caller has put into `recorder.base`. Afterwards `recorder.now` is the
   * state after the step, or the state before it unless the outcome is `moved`.
   * @param isAgain true for a run that is only compared with an earlier one: keeps all reads of action properties.
   * @throws ModelError naming the step or action property whose model code fails.
   */
  run(step: CompiledStep, isAgain = false): StepOutcome {
    const { recorder } = this
    recorder.restart()
    try {
      return this.#run(step, isAgain)
    } catch (error) {
      if (!(error instanceof Oops)) throw this.wrong(step, error)
      recorder.now.set(recorder.base)
      recorder.writes.length = 0
      this.ownReads = recorder.reads.length
      return { kind: 'fault', fault: error }
    }
  }

  #run(step: CompiledStep, isAgain: boolean): StepOutcome {
    const { recorder } = this
    for (const { guard, effects, target } of step.cases) {
      recorder.frozen = true
      if (guard !== undefined && !truthOf(guard(this.#world, step.self))) continue
      recorder.frozen = false
      for (const effect of effects) checkEffect(effect(this.#world, step.self))
      recorder.frozen = true
      const run = this.#evaluateActions(step, isAgain)
      recorder.now[this.#system.threads[step.thread].counter.index] = target
      return run
    }
    this.ownReads = recorder.reads.length
    return DISABLED_OUTCOME
  }

  /** Adds to an error of model code which step of which thread, or which property, it came from. */
  wrong(step: CompiledStep, error: unknown): ModelError {
    return stepError(this.#system.name, step.path, this.#system.threads[step.thread].name, error)
  }

  /** Evaluates the action properties on the step just run. Their reads are dropped where they are constant. */
  #evaluateActions(step: CompiledStep, isAgain: boolean): StepOutcome {
    const { recorder } = this
    this.ownReads = recorder.reads.length
    const view: StepView = {
      kind: this.#system.threads[step.thread].program.kind,
      self: step.self,
      path: step.path,
    }
    let violated = 0
    let antecedent = 0
    this.#actions.forEach((property, bit) => {
      const before = this.#before
      const after = this.#world
      let part: Part = 'given'
      const evaluate = (): number => {
        part = 'given'
        if (property.given !== undefined && !truthOf(property.given(before, view, after))) return 0
        part = 'holds'
        return truthOf(property.holds(before, view, after)) ? 1 : 2
      }
      const known = recorder.reads.length
      recorder.watch()
      let value: number
      try {
        value = evaluate()
      } catch (error) {
        // Even an Oops: only the step itself may fault.
        throw new PropertyFailure(property.id, part, error)
      }
      if (value > 0) antecedent |= 1 << bit
      if (value > 1) violated |= 1 << bit
      if (isAgain || recorder.reads.length === known) return
      if (this.#constants.isConstant(step.index, bit, known, evaluate, value)) recorder.forget(known)
    })
    return { kind: 'moved', violated, antecedent }
  }
}
