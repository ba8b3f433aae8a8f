import { FolderInUse, type FolderLock, lockFolder } from '../checkpoint/index.ts'
import type { Cell } from './cells.ts'
import { type Checkpoints, checkpointFolder } from './search-settings.ts'

/**
 * Takes the folders into which the searches of a run leave checkpoints, for this process alone. One in which no
 * lock can be made gets no checkpoint either; that is told when one is due.
 * @returns what gives them back.
 * @throws FolderInUse when another process uses one of them; none is taken then.
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
