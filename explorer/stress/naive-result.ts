import type { Interpreter, Move, State } from './interpreter.ts'

/** A step of a behaviour, by names. */
export interface NamedStep {
  readonly thread: string
  readonly step: string
}

/** What the naive checker says of a property. */
export interface NaiveFinding {
  /** Violated; for a witness: seen. */
  readonly found: boolean
  readonly antecedent: number
  /** A shortest way, the first of them by initial state and steps; null without one, and for liveness. */
  readonly trace: { readonly initial: number; readonly steps: readonly NamedStep[] } | null
}

/** A state that was reached. */
export interface Reached {
  readonly state: State
  readonly depth: number
  /** Number of the state before, with the step from there; null for an initial state. */
  readonly from: { readonly state: number; readonly step: NamedStep } | null
  /** Which of the plan's initial states the way begins in. */
  readonly root: number
  /** In the order of threads and steps, with the number of the state each leads to; -1 after a fault. */
  readonly moves: (Move & { readonly target: number })[]
}

/** What it says of a plan. */
export interface NaiveResult {
  readonly interpreter: Interpreter
  readonly states: readonly Reached[]
  readonly transitions: number
  readonly depth: number
  readonly deadlocks: number
  readonly findings: ReadonlyMap<string, NaiveFinding>
  /** Faults that occur. */
  readonly faults: ReadonlySet<string>
}
