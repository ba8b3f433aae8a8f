// What a page is made of. The program writes it, a script in a browser reads it: nothing here may need either.
import type { Box } from '../../model/language/picture.ts'

/** A column of the trace, as in a race diagram. */
export interface LaneData {
  readonly cpu: string
  readonly role: string
}

/** A line of the list of steps. */
export interface RowData {
  readonly lane: number
  /** Index of the step that it belongs to. */
  readonly step: number
  /** Call level. */
  readonly level: number
  readonly text: string
  /** Whether it is the first line of the step itself: what comes before it are headings. */
  readonly first?: true
  /** Letter by which the explanation refers to it. */
  readonly label?: string
}

/** What a step does to another thread. */
export interface SignalData {
  readonly kind: 'request' | 'IPI' | 'flush'
  /** Lane of the thread; -1 if that takes no step. */
  readonly lane: number
  readonly to: string
  readonly text: string
}

/** A lock that is held after a step, and the lane of the thread that took it; -1 if it was held from the beginning. */
export type LockData = readonly [name: string, lane: number]

export interface StepData {
  readonly lane: number
  /** `vcpu0 RUN.1`. */
  readonly name: string
  /** What it does, in kernel terms. */
  readonly text: string
  /** The variables that it changed, and their new values. */
  readonly changes: readonly (readonly [variable: number, value: string])[]
  readonly signals?: readonly SignalData[]
  readonly locks?: readonly LockData[]
  /** The boxes that look different after it. */
  readonly boxes?: readonly Box[]
}

/**
 * A property, and by state from the beginning: `+` holds, `!` violated (a witness: reached), `-` nothing to judge. Without
 * marks it is one that no state violates, only a behaviour that never ends or cannot end well.
 */
export interface JudgedData {
  readonly id: string
  readonly title: string
  readonly kind: string
  readonly marks: string
}

/** A trace with everything that a page shows of it. */
export interface TraceData {
  readonly lanes: readonly LaneData[]
  readonly variables: readonly string[]
  /** Those that are program counters; lanes show these anyway. */
  readonly counters: readonly number[]
  /** Values at the beginning, in the order of `variables`. */
  readonly initial: readonly string[]
  readonly steps: readonly StepData[]
  /** Lines without routine steps, and all of them; the same list if there are none. */
  readonly rows: readonly RowData[]
  readonly allRows?: readonly RowData[]
  /** Rules between lines, such as where a loop begins. */
  readonly rules: readonly { readonly before: number; readonly text: string }[]
  readonly judged: readonly JudgedData[]
  /** Absent if the model has no drawing. */
  readonly picture?: { readonly bands: readonly string[]; readonly boxes: readonly Box[] }
  /** Number of steps to the violation; those after it show how the behaviour continues. */
  readonly length: number
  /** What stands below the last of them: `BUG: no-stale-root-used`. */
  readonly end: string
}

/** The data in the page of a counterexample. */
export interface PageData extends TraceData {
  /** The diagram for a commit message, to copy. */
  readonly commit: string
}
