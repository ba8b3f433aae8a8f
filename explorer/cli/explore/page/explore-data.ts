import type { TraceData } from '../../../../counterexamples/page/data.ts'

/** A step that can be taken, or cannot. */
export interface StepChoice {
  readonly thread: string
  readonly step: string
  /** What it does, in kernel terms. */
  readonly text: string
}

/** What the server says of a path. */
export interface ExploreData {
  readonly trace: TraceData
  /** The steps that are possible, and the property that each would violate. */
  readonly enabled: readonly (StepChoice & { readonly violates: string | null })[]
  /** The steps that threads wait for, and the guards that block them. */
  readonly blocked: readonly (StepChoice & { readonly why: string })[]
}

/** The answer to any request: data, or one line on why there is none. */
export type Answer<T> = { readonly ok: T } | { readonly error: string }
