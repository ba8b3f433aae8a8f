import type { SearchOptions } from '../search-options.ts'
import type { Origin } from './ancestry.ts'
import type { SharedMemory } from './exchange.ts'
import type { SubjectSource } from './subject.ts'

/** The options of a search that can be sent to a worker. */
export type ParallelOptions = Pick<
  SearchOptions,
  'storage' | 'fingerprintBits' | 'seed' | 'maxStates' | 'maxDepth' | 'timeLimit' | 'memoryLimit'
>

/** A first finding of one worker; the least (depth, rank, step) of all workers is the search's. */
export interface Found {
  readonly state: number
  readonly step: number | null
  readonly depth: number
  readonly rank: number
}

/** What one worker found, as plain data. */
export interface PeerReport {
  readonly stopped: string | null
  /** States of all workers within the depth limit, and own ones. */
  readonly states: number
  readonly own: number
  readonly transitions: number
  readonly depth: number
  readonly deadlocks: number
  readonly bytes: number
  /** By step. */
  readonly fired: readonly number[]
  /** By property. */
  readonly antecedents: readonly number[]
  /** By property or fault. */
  readonly found: readonly (readonly [string, Found])[]
  /** Bits of a fingerprint; null when states are kept. */
  readonly bits: number | null
  readonly collisionMeasured: number
}

/** What a worker is started with. */
export interface WorkerInput {
  readonly source: SubjectSource
  readonly options: ParallelOptions
  readonly memory: SharedMemory
  readonly me: number
}

/** What a worker says. */
export type WorkerMessage =
  | { readonly kind: 'report'; readonly report: PeerReport }
  | { readonly kind: 'origin'; readonly origin: Origin }
  | { readonly kind: 'model-error' | 'failure'; readonly message: string }
