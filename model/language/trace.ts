/** One step of a behaviour. */
export interface TraceStep {
  /** Name of the thread, for example `vcpu0`. */
  readonly thread: string
  /** Path of the step, for example `RUN.8`. */
  readonly step: string
}

/** A behaviour from an initial state, as names; states are recomputed by whoever needs them. */
export interface Trace {
  /** Index into the system's initial states. */
  readonly initial: number
  readonly steps: readonly TraceStep[]
  /**
   * For an endless behaviour: after `loopStart` steps the loop begins, and after the last step the same state
   * is reached again. Equal to the number of steps when the behaviour stays in its last state for ever.
   */
  readonly loopStart?: number
}

/** Why a loop is fair to one thread or step. */
export interface FairnessReason {
  /** For example `weak fairness of vcpu0`. */
  readonly constraint: string
  /** For example `taken in step 12`, `not owed after step 9` (not enabled, or at rest), `never owed in the loop`. */
  readonly because: string
}
