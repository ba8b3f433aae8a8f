import type { ModelError } from '../../model/language/errors.ts'
import { checkEffect, truthOf } from '../../model/language/model-code.ts'
import { type ActionProperty, Oops, type StepView } from '../../model/language/property.ts'
import type { System } from '../../model/language/system.ts'
import { SIZES } from '../state/sizes.ts'
import { type Part, PropertyFailure, stepError } from './blame.ts'
import { BeforeView, Recorder } from './recorder.ts'
import type { CompiledStep } from './step-table.ts'

/** What a step does on a state; what it read, wrote and left behind stays in the runner's recorder. */
export type Run =
  | { readonly kind: 'disabled' }
  | { readonly kind: 'fault'; readonly fault: Oops }
  /** Bit per action property: which it violates, and whose antecedent is true. */
  | { readonly kind: 'moved'; readonly violated: number; readonly antecedent: number }

const DISABLED_RUN: Run = { kind: 'disabled' }

/** Runs the model code of steps, and the action properties on them, under a recorder. */
export class StepRunner {
  readonly recorder: Recorder
  /** How many of the reads noted last are the step's own; the others are those of action properties. */
  ownReads = 0
  readonly #system: System
  readonly #world: never
  readonly #before: never
  readonly #actions: readonly ActionProperty<never>[]

  constructor(system: System, actions: readonly ActionProperty<never>[]) {
    this.#system = system
    this.recorder = new Recorder(system.layout.fields.length)
    this.#world = system.view(this.recorder).world
    this.#before = system.view(new BeforeView(this.recorder)).world
    this.#actions = actions
  }

  /**
   * Runs a step on the state that the caller has put into `recorder.base`. Afterwards `recorder.now` is the
   * state after the step; the state before it unless the step moved.
   * @param isAgain when the run is only compared with an earlier one: all that action properties read stays noted.
   * @throws ModelError naming the step or action property whose model code fails.
   */
  run(step: CompiledStep, isAgain = false): Run {
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

  #run(step: CompiledStep, isAgain: boolean): Run {
    const { recorder } = this
    for (const { guard, effects, target } of step.cases) {
      recorder.frozen = true
      if (guard !== undefined && !truthOf(guard(this.#world, step.self))) continue
      recorder.frozen = false
      for (const effect of effects) checkEffect(effect(this.#world, step.self))
      recorder.frozen = true
      const run = this.#judge(step, isAgain)
      recorder.now[this.#system.threads[step.thread].counter.index] = target
      return run
    }
    this.ownReads = recorder.reads.length
    return DISABLED_RUN
  }

  /** An error of model code as one that says which step of which thread it is, or which property. */
  wrong(step: CompiledStep, error: unknown): ModelError {
    return stepError(this.#system.name, step.path, this.#system.threads[step.thread].name, error)
  }

  /**
   * What the action properties say of the step just run. A property often looks at fields that the step has
   * nothing to do with, only to find that they did not change; such reads are forgotten.
   */
  #judge(step: CompiledStep, isAgain: boolean): Run {
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
      const says = (): number => {
        part = 'given'
        if (property.given !== undefined && !truthOf(property.given(before, view, after))) return 0
        part = 'holds'
        return truthOf(property.holds(before, view, after)) ? 1 : 2
      }
      const known = recorder.reads.length
      let said: number
      try {
        said = says()
      } catch (error) {
        // An Oops too: only the step itself can fault.
        throw new PropertyFailure(property.id, part, error)
      }
      if (said > 0) antecedent |= 1 << bit
      if (said > 1) violated |= 1 << bit
      if (isAgain) return
      if (recorder.reads.length > known && isConstant(recorder, known, says, said, this.#system))
        recorder.forget(known)
    })
    return { kind: 'moved', violated, antecedent }
  }
}

/** Answers tried before a property is taken to depend on what it read. */
const MOST_ANSWERS = SIZES.answers

/**
 * True when a question gets one answer whatever the values of the fields that it alone reads, those from read
 * number `known` on. Leaves the recorder as it was.
 */
function isConstant(
  recorder: Recorder,
  known: number,
  ask: () => number,
  answer: number,
  { layout }: System,
): boolean {
  const reads = recorder.reads.slice(known)
  let left = MOST_ANSWERS
  const put = (field: number, code: number): void => {
    recorder.base[field] = code
    recorder.now[field] = code
  }
  /** Tries every other value of the fields read after the first `fixed`, whose values are settled. */
  const vary = (fixed: number): boolean => {
    const path = recorder.reads.slice(known)
    for (let n = path.length - 1; n >= fixed; n--) {
      const field = path[n]
      const own = recorder.base[field]
      for (let code = 0; code < layout.fields[field].shape.size; code++) {
        if (code === own) continue
        if (left-- === 0) return false
        put(field, code)
        recorder.forget(known)
        const same = asks(ask) === answer && vary(n + 1)
        put(field, own)
        if (!same) return false
      }
    }
    return true
  }
  const constant = vary(0)
  recorder.forget(known)
  for (const field of reads) recorder.read(field)
  return constant
}

/** The answer, or null from code that fails on values that do not occur together. */
function asks(ask: () => number): number | null {
  try {
    return ask()
  } catch {
    return null
  }
}
