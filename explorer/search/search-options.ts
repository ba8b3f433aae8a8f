import type { CheckpointPaths } from '../checkpoint/checkpoint-paths.ts'
import type { Recording } from '../compile/compiled-system.ts'
import type { Recheck } from '../compile/samples.ts'
import type { Reduce } from '../reduce/reduce-option.ts'
import type { StorageOptions } from '../state/visited-set.ts'
import type { Limits } from './limits.ts'

/** How to search, as plain data: it can be sent to a thread. */
export interface SearchSettings
  extends Omit<Limits, 'stop'>,
    StorageOptions,
    Omit<CheckpointPaths, 'onUnwritten'> {
  /** What may be left out where that is sound. Default `none`. */
  readonly reduce?: Reduce
  /**
   * Which recordings are repeated at the end in another order, to detect model code that depends on something outside
   * the state: all, or a sample. Default `sample`.
   */
  readonly recheck?: Recheck
  /** End once a state or step violates a property: nothing more is judged, liveness included. Needs one worker. */
  readonly untilViolated?: boolean
}

/** Callbacks of a running search. */
export interface SearchHooks extends Pick<Limits, 'stop'>, Pick<CheckpointPaths, 'onUnwritten'> {
  /** Called for every transition that is recorded. */
  readonly onRecord?: (recording: Recording) => void
  /** Called a few times per second. */
  readonly onProgress?: (progress: Progress) => void
}

/** How to search. */
export interface SearchOptions extends SearchSettings, SearchHooks {}

/** How to search without visiting everything. */
export interface SamplingOptions
  extends Pick<SearchOptions, keyof Limits | 'mostArrayBytes' | 'recheck' | 'onRecord'> {
  /** Ids of properties: the search ends when all of them are decided. Default: all properties. */
  readonly wanted?: readonly string[]
  /** Called with each state that a walk sees for the first time, packed; only valid during the call. */
  readonly onState?: (words: Int32Array) => void
}

/** How far a search has come. */
export interface Progress {
  readonly states: number
  readonly transitions: number
  readonly frontier: number
  readonly depth: number
  readonly seconds: number
  readonly bytes: number
}
