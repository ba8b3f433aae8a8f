import type { System } from '../../model/language/system.ts'
import { Recorder } from '../compile/recorder.ts'
import type { CompiledStep } from '../compile/step-table.ts'

/** Asks whether a step would be enabled on some state, without taking it. */
export class GuardProbe {
  /** Put the codes of the state into its `base`; it notes what the guards read. */
  readonly recorder: Recorder
  readonly #world: unknown

  constructor(system: System) {
    this.recorder = new Recorder(system.layout.fields.length)
    this.#world = system.view(this.recorder).world
  }

  /**
   * True when no guard of the step holds, whatever the program counter says. A guard that fails on the state
   * (its thread may be far from the step, its local variables meaningless) counts as holding.
   */
  isDisabled(step: CompiledStep): boolean {
    this.recorder.restart()
    this.recorder.frozen = true
    try {
      return step.cases.every(({ guard }) => guard !== undefined && !guard(this.#world, step.self))
    } catch {
      return false
    }
  }
}
