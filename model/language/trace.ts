/** One step of a behaviour. */
export interface TraceStep {
  /** Name of the thread, for example `vcpu0`. */
  readonly thread: string
  /** Path of the step, for example `RUN.8`. */
  readonly step: string
}

/** A behaviour from an initial state, by the names of its steps; states are recomputed when needed. */
export interface Trace {
  /** Index into the system's initial states. */
  readonly initial: number
  readonly steps: readonly TraceStep[]
  /**
   * Of a lasso: the loop begins after `loopStart` steps and returns to that state after the last step. Equal to
   * the number of steps when the behaviour stays in its last state forever.
   */
  readonly loopStart?: number
}

/** Why a loop satisfies a fairness assumption for one thread or step. */
export interface FairnessReason {
  /** For example `weak fairness of vcpu0`. */
  readonly constraint: string
  /** For example `taken in step 12`; `not owed after step 9` (not enabled, or in a valid end state). */
  readonly because: string
}
