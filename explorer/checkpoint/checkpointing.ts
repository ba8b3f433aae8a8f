import type { System } from '../../model/language/system.ts'
import type { CompileOptions } from '../compile/compiled-system.ts'
import type { CheckpointPaths } from './checkpoint-paths.ts'
import { RecordingLog } from './recording-log.ts'
import { SearchCheckpoint, type SearchParts } from './search-checkpoint.ts'

/** Checkpoints of one search, before its parts exist: these record, and everything recorded goes into a checkpoint. */
export interface Checkpointing {
  readonly onRecord: NonNullable<CompileOptions['onRecord']>
  /** The checkpoints of these parts, which have passed their recordings to `onRecord` from the beginning. */
  checkpointOf(parts: SearchParts): SearchCheckpoint
}

/** Null if the search neither writes checkpoints nor resumes from one. */
export function checkpointingFor(system: System, paths: CheckpointPaths): Checkpointing | null {
  if (paths.checkpoint === undefined && paths.resume === undefined) return null
  const log = new RecordingLog(system)
  return {
    onRecord: log.onRecord,
    checkpointOf: (parts) => new SearchCheckpoint(parts, paths, log),
  }
}
