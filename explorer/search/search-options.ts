import type { CheckpointOptions } from '../checkpoint/search-checkpoint.ts'
import type { Recording } from '../compile/compiled-system.ts'
import type { Reduce } from '../reduce/reduction.ts'
import type { StorageOptions } from '../state/visited-set.ts'
import type { Limits } from './limits.ts'

/** How to search. */
export interface SearchOptions extends Limits, StorageOptions {
  /** What may be left out where that is sound. Default `none`. */
  readonly reduce?: Reduce
  /** Where to leave checkpoints, from which a search can go on later: now and then, and when it is stopped. */
  readonly checkpoint?: CheckpointOptions
  /** Directory of the checkpoint to go on from. The model, the properties and the storage must be the same. */
  readonly resume?: string
  /** Told of every behaviour when it is computed. */
  readonly onRecord?: (recording: Recording) => void
  /** Told some times a second how far the search is. */
  readonly onProgress?: (progress: Progress) => void
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
