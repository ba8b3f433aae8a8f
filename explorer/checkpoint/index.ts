/** Checkpoints: stopping and resuming a search. The public part of this folder. */

export { replaceFile } from './atomic-file.ts'
export { type CheckpointOptions, checkpointPathsOf } from './checkpoint-paths.ts'
export { CheckpointError } from './errors.ts'
export { FolderInUse, type FolderLock, lockFolder } from './folder-lock.ts'
export { makeFolder } from './make-folder.ts'
export { hasCheckpoint } from './manifest.ts'
