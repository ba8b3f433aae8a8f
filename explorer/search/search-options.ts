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
   * What is run again in another order at the end, to notice model code that keeps something outside the state:
   * every recording, or a sample of them. Default `sample`.
   */
  readonly recheck?: Recheck
}

/** What a running search asks and tells its caller. */
export interface SearchHooks extends Pick<Limits, 'stop'>, Pick<CheckpointPaths, 'onUnwritten'> {
  /** Told of every behaviour when it is computed. */
  readonly onRecord?: (recording: Recording) => void
  /** Told some times a second how far the search is. */
  readonly onProgress?: (progress: Progress) => void
}

/** How to search. */
export interface SearchOptions extends SearchSettings, SearchHooks {}

/** How to search where not everything is visited. */
export interface SamplingOptions
  extends Pick<SearchOptions, keyof Limits | 'mostArrayBytes' | 'recheck' | 'onRecord'> {
  /** Ids of the properties that the search is made for: it ends when these are decided. Default: all. */
  readonly wanted?: readonly string[]
}

/** How far a search is. */
export interface Progress {
  readonly states: number
  readonly transitions: number
  readonly frontier: number
  readonly depth: number
  readonly seconds: number
  readonly bytes: number
}
