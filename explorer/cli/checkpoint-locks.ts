import { FolderInUse, type FolderLock, lockFolder } from '../checkpoint/index.ts'
import type { Cell } from './cells.ts'
import { type Checkpoints, checkpointFolder } from './search-settings.ts'

/**
 * Locks the checkpoint folders of a run for this process. A folder in which no lock can be created cannot take a
 * checkpoint either; the search warns when it tries to write one.
 * @returns releases the locks.
 * @throws FolderInUse when another process uses one of them; none is locked then.
 */
export function lockCheckpoints({ directory }: Checkpoints, cells: readonly Cell[]): () => void {
  const locks: FolderLock[] = []
  const release = (): void => {
    for (const lock of locks) lock.release()
  }
  for (const cell of cells) {
    try {
      locks.push(lockFolder(checkpointFolder(directory, cell)))
    } catch (error) {
      if (!(error instanceof FolderInUse)) continue
      release()
      throw error
    }
  }
  return release
}
