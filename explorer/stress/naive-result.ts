import type { Interpreter, Move, State } from './interpreter.ts'

/** A step of a trace, by names. */
export interface NamedStep {
  readonly thread: string
  readonly step: string
}

/** What the naive checker finds about a property. */
export interface NaiveFinding {
  /** Violated; for a witness: reached. */
  readonly found: boolean
  readonly antecedent: number
  /** The least of the shortest traces, by initial state and steps; null if there is none, and for liveness. */
  readonly trace: { readonly initial: number; readonly steps: readonly NamedStep[] } | null
}

/** A reachable state. */
export interface Reached {
  readonly state: State
  readonly depth: number
  /** Number of the parent, and the step from it; null for an initial state. */
  readonly from: { readonly state: number; readonly step: NamedStep } | null
  /** Which of the plan's initial states it was reached from. */
  readonly root: number
  /** In the order of threads and steps, with the number of the state each leads to; -1 after an oops. */
  readonly moves: (Move & { readonly target: number })[]
}

/** What the naive checker finds about a plan. */
export interface NaiveResult {
  readonly interpreter: Interpreter
  readonly states: readonly Reached[]
  readonly transitions: number
  readonly depth: number
  readonly deadlocks: number
  readonly findings: ReadonlyMap<string, NaiveFinding>
  /** Ids of the oopses that occur. */
  readonly faults: ReadonlySet<string>
}
