import { join } from 'node:path'
import { hasCheckpoint } from './manifest.ts'

/** Where and how often a search leaves checkpoints. */
export interface CheckpointOptions {
  readonly directory: string
  /** Seconds between two. Default 60. */
  readonly every?: number
}

/** Where the searches for one answer leave checkpoints and go on from them. */
export interface CheckpointPaths {
  /** Where to leave checkpoints, from which a search can go on later: now and then, and at its end. */
  readonly checkpoint?: CheckpointOptions
  /** Directory of the checkpoint to go on from. The model, the properties and the storage must be the same. */
  readonly resume?: string
  /**
   * Told when a checkpoint could not be written: the search goes on, and the next one is tried when it is due. Without
   * it the search ends with a CheckpointError.
   */
  readonly onUnwritten?: (why: string) => void
}

/** Folders of the searches that follow the main one, inside its own. */
export const FOLLOWING = ['partial-order', 'liveness', 'self-check'] as const

/** The places of one of the searches for an answer. */
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
    // A run that was interrupted before this search was begun has no checkpoint of it.
    ...(before === null || !hasCheckpoint(before) ? {} : { resume: before }),
    ...(onUnwritten === undefined ? {} : { onUnwritten }),
  }
}
