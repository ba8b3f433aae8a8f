import type { MessagePort } from 'node:worker_threads'
import type { Trace } from '../../../model/language/trace.ts'
import type { SearchSettings } from '../search-options.ts'
import type { StopReason } from '../stop-reason.ts'
import type { GraphPart } from './joined-graph.ts'
import type { ModelSource } from './model.ts'
import type { SharedMemory } from './shared-memory.ts'

/** The options of a search that can be sent to a worker. */
export type ParallelOptions = Omit<SearchSettings, 'reduce' | 'checkpoint' | 'resume'>

/** The result of one worker, as plain data. */
export interface WorkerReport {
  /** The limit at which this worker stopped all of them, or null. */
  readonly stopped: StopReason | null
  /** States of all workers within the depth limit. */
  readonly states: number
  readonly transitions: number
  readonly depth: number
  readonly deadlocks: number
  readonly bytes: number
  /** By step. */
  readonly fired: readonly number[]
  /** By property. */
  readonly antecedents: readonly number[]
  /** Ids of the properties that a state or step decided, and of the oopses that occurred. */
  readonly found: readonly string[]
  /** Null if no property needs the graph, or if this worker stopped the search. */
  readonly graph: GraphPart | null
  /** Bits of a fingerprint; null if states are stored in full. */
  readonly bits: number | null
  readonly collisionMeasured: number
}

/**
 * The trace to each property that was decided, or oops that occurred, in the order in which they were found. Null if it
 * was not found before the search was stopped.
 */
export interface TracesReport {
  readonly traces: readonly (readonly [string, Trace | null])[]
  /** Why some traces may be null, or null. */
  readonly stopped: StopReason | null
}

/** The data that a thread is started with. */
export interface WorkerInput {
  readonly source: ModelSource
  readonly options: ParallelOptions
  readonly memory: SharedMemory
  readonly task:
    | { readonly kind: 'search'; readonly me: number; readonly ports: readonly (MessagePort | null)[] }
    | {
        readonly kind: 'traces'
        readonly sought: readonly string[]
        readonly limits: Pick<SearchSettings, 'timeLimit'>
      }
}

/** The single message of a thread. */
export type WorkerMessage =
  | { readonly kind: 'done'; readonly report: WorkerReport | TracesReport }
  | { readonly kind: 'model-error' | 'failure'; readonly message: string }
