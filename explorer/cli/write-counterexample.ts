import { join } from 'node:path'
import { type Counterexample, formatCounterexample } from '../../counterexamples/counterexample-file.ts'
import { quotedPath } from '../../model/language/quoted.ts'
import { replaceFile } from '../checkpoint/index.ts'
import { UsageError } from './errors.ts'

/**
 * Writes `ID.json` into a folder, which is created if necessary, and returns the path. The file is replaced
 * atomically.
 */
export function writeCounterexample(folder: string, ce: Counterexample): string {
  const path = join(folder, `${ce.id}.json`)
  replaceFile(path, formatCounterexample(ce))
  return path
}

/**
 * As `writeCounterexample`, but carries on when the folder cannot be written to: the counterexample is printed instead.
 * @param onUnwritten called with the folder and the error code.
 * @returns the path of the file, or null.
 */
export function tryToWriteCounterexample(
  folder: string,
  ce: Counterexample,
  onUnwritten: (why: string) => void,
): string | null {
  try {
    return writeCounterexample(folder, ce)
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException
    if (code === undefined) throw error
    onUnwritten(`cannot write to ${quotedPath(folder)}: ${code}`)
    return null
  }
}

/** Runs something that writes to a path. @throws UsageError when the path cannot be written to. */
export function orUnwritable<T>(path: string, write: () => T): T {
  try {
    return write()
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException
    if (code === undefined) throw error
    throw new UsageError(`cannot write to ${quotedPath(path)}: ${code}`)
  }
}
