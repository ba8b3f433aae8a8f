/** Tables that grow with a search. */
export type Table = 'visited states' | 'steps between states' | 'behaviours' | 'turns'

/** Why a search ended before it had visited everything. Data: words and names of options are the command line's. */
export type StopReason =
  /** The caller asked the search to stop. */
  | { readonly kind: 'interrupted' }
  /** The same, before it had started. */
  | { readonly kind: 'not-begun' }
  | { readonly kind: 'max-states'; readonly states: number }
  | { readonly kind: 'max-depth'; readonly depth: number }
  | { readonly kind: 'time-limit'; readonly seconds: number }
  | { readonly kind: 'memory-limit'; readonly mebibytes: number }
  /** An array cannot be longer, whatever memory there is. */
  | { readonly kind: 'table-full'; readonly table: Table }
  /** The retry with partial order took `times` as long as the search that did not fit, which `first` had ended. */
  | { readonly kind: 'retry-too-slow'; readonly times: number; readonly first: StopReason | null }
  | { readonly kind: 'model-error'; readonly message: string }
  /** A step ends in a fault that no property names: nothing behind it was explored. */
  | { readonly kind: 'unasked-fault'; readonly fault: string }
  /** The full search that a reduced one is compared with did not finish. */
  | { readonly kind: 'self-check'; readonly full: StopReason }
  | SampledOnly
  | PreemptionsOnly

/** The search took samples; `stopped` when it was ended before all of them were taken. */
export interface SampledOnly {
  readonly kind: 'sampled'
  readonly method: 'walks' | 'priorities'
  readonly walks: number
  readonly maxDepth: number
  readonly seed: number
  readonly states: number
  /** What one walk promises; null without a promise. */
  readonly bound: SampleBound | null
  readonly stopped: StopReason | null
}

/** A walk meets a bug of this depth with probability at least 1 / (threads * maxDepth ^ (bugDepth - 1)). */
export interface SampleBound {
  readonly bugDepth: number
  readonly threads: number
}

/** The search visited the behaviours with few preemptions. */
export interface PreemptionsOnly {
  readonly kind: 'preemptions'
  /** All behaviours with at most this many were visited; null when not even those without. */
  readonly upTo: number | null
  /** More preemptions than `upTo` lead to no new state. */
  readonly exhausted: boolean
  /** Steps after which behaviours were cut; null when none was. */
  readonly cutAfter: number | null
  readonly stopped: StopReason | null
}

/** Why a property has no verdict, or no trace, where that is not simply that the search ended early. */
export type OpenReason =
  | StopReason
  /** It was decided, but the search ended before the steps there were found. */
  | { readonly kind: 'no-trace' }
  /** It is judged on a graph of states kept in full, and only fingerprints were kept. */
  | { readonly kind: 'needs-exact-storage'; readonly of: 'progress' | 'liveness' }
  /** It is judged on the whole graph, and the search was of a part. */
  | { readonly kind: 'needs-exhaustive-search'; readonly of: 'progress' | 'liveness' }

/** Whether a smaller search might not have stopped for this: bounds on states, memory and tables. */
export const isSize = (reason: StopReason | null): boolean =>
  reason !== null &&
  (reason.kind === 'max-states' || reason.kind === 'memory-limit' || reason.kind === 'table-full')
