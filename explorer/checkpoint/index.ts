/** Stopping a search and going on. What the command line, the gate and the benchmarks may use of this folder. */

export { replaceFile } from './atomic-file.ts'
export { CheckpointError } from './errors.ts'
export { FolderInUse, type FolderLock, lockFolder } from './folder-lock.ts'
export { essence, inPieces, interrupted, looksOf, type Search } from './interruptions.ts'
export { hasCheckpoint } from './manifest.ts'
export { type CheckpointOptions, placesOf } from './places.ts'
