import { exceededBound } from '../../model/language/property.ts'

/** Tables that grow with a search. */
export type Table = 'visited states' | 'steps between states' | 'transition records' | 'turns'

/** Why a search ended before all states were visited. Tagged data: the command line puts it into words. */
export type StopReason =
  /** The caller asked the search to stop. */
  | { readonly kind: 'interrupted' }
  /** The caller asked before the search had started. */
  | { readonly kind: 'not-begun' }
  | { readonly kind: 'max-states'; readonly states: number }
  | { readonly kind: 'max-depth'; readonly depth: number }
  | { readonly kind: 'time-limit'; readonly seconds: number }
  | { readonly kind: 'memory-limit'; readonly mebibytes: number }
  /** A table has its maximum size, however much memory there is. */
  | { readonly kind: 'table-full'; readonly table: Table }
  /** The retry with partial-order reduction took `times` as long as the first search, which ended for `first`. */
  | { readonly kind: 'retry-too-slow'; readonly times: number; readonly first: StopReason | null }
  | { readonly kind: 'model-error'; readonly message: string }
  /** A property is violated, and the caller asked for no more (`untilViolated`). */
  | { readonly kind: 'violated' }
  /** A step ends in an oops that no property names: nothing after it was explored. */
  | { readonly kind: 'unasked-fault'; readonly fault: string }
  /** Behaviours need more than a bound of the scenario allows: nothing behind was explored. */
  | { readonly kind: 'out-of-bounds'; readonly bound: string }
  /** The full search that a reduced one is compared with did not finish. */
  | { readonly kind: 'self-check'; readonly full: StopReason }
  | SampledOnly
  | PreemptionsOnly

/** The search sampled behaviours; `stopped` says why it ended before all samples were taken, or is null. */
export interface SampledOnly {
  readonly kind: 'sampled'
  readonly method: 'walks' | 'priorities'
  readonly walks: number
  /** Walks since the last one that saw a new state: many mean that the walks circle. */
  readonly withoutNew: number
  readonly maxDepth: number
  readonly seed: number
  readonly states: number
  /** The guarantee of one walk; null if there is none. */
  readonly bound: SampleBound | null
  readonly stopped: StopReason | null
}

/** A walk meets a bug of this depth with probability at least 1 / (threads * maxDepth ^ (bugDepth - 1)). */
export interface SampleBound {
  readonly bugDepth: number
  readonly threads: number
}

/** The search visited only behaviours with few preemptions. */
export interface PreemptionsOnly {
  readonly kind: 'preemptions'
  /** All behaviours with at most this many were visited; null if not even those without preemptions. */
  readonly upTo: number | null
  /** More preemptions than `upTo` reach no new state. */
  readonly exhausted: boolean
  /** Number of steps after which behaviours were cut off; null if none was. */
  readonly cutAfter: number | null
  readonly stopped: StopReason | null
}

/** Why a property has no verdict or no trace, if the reason is not just that the search ended early. */
export type OpenReason =
  | StopReason
  /** It was decided, but the search ended before it had found the trace. */
  | { readonly kind: 'no-trace' }
  /** It needs a graph of states stored in full, and only fingerprints were stored. */
  | { readonly kind: 'needs-exact-storage'; readonly of: 'progress' | 'liveness' }
  /** It needs the whole graph, and the search visited a part. */
  | { readonly kind: 'needs-exhaustive-search'; readonly of: 'progress' | 'liveness' }

/** The reason for not exploring what is behind an oops that no property names. */
export function behindOops(fault: string): StopReason {
  const bound = exceededBound(fault)
  return bound === null ? { kind: 'unasked-fault', fault } : { kind: 'out-of-bounds', bound }
}

/** Whether a smaller search might avoid this: bounds on states, memory and tables. */
export const isSize = (reason: StopReason | null): boolean =>
  reason !== null &&
  (reason.kind === 'max-states' || reason.kind === 'memory-limit' || reason.kind === 'table-full')
