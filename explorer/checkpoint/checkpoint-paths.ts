import { join } from 'node:path'
import { hasCheckpoint } from './manifest.ts'

/** Where and how often a search writes checkpoints. */
export interface CheckpointOptions {
  readonly directory: string
  /** Seconds between two checkpoints. Default 60. */
  readonly every?: number
}

/** Where the searches of one run write checkpoints and resume from them. */
export interface CheckpointPaths {
  /** Writes checkpoints at intervals and at the end of a search. */
  readonly checkpoint?: CheckpointOptions
  /** Directory of the checkpoint to resume from. The model, the properties and the storage must be the same. */
  readonly resume?: string
  /**
   * Called when a checkpoint cannot be written; the search continues, and tries again when the next one is due. Without
   * this callback the search ends with a CheckpointError.
   */
  readonly onUnwritten?: (why: string) => void
}

/** Subfolders for the searches that follow the main one. */
export const FOLLOWING = ['symmetry', 'partial-order', 'liveness', 'self-check'] as const

/** The paths of one of the searches of a run. */
export function checkpointPathsOf(
  all: CheckpointPaths,
  search: 'main' | (typeof FOLLOWING)[number],
): CheckpointPaths {
  if (search === 'main') return all
  const { checkpoint, resume, onUnwritten } = all
  const before = resume === undefined ? null : join(resume, search)
  return {
    ...(checkpoint === undefined
      ? {}
      : { checkpoint: { ...checkpoint, directory: join(checkpoint.directory, search) } }),
    // If the run was interrupted before this search, there is no checkpoint of it.
    ...(before === null || !hasCheckpoint(before) ? {} : { resume: before }),
    ...(onUnwritten === undefined ? {} : { onUnwritten }),
  }
}
