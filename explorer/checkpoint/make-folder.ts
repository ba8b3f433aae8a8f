import { mkdirSync, statSync } from 'node:fs'
import { dirname } from 'node:path'

/**
 * Makes a folder and those it lies in, where they are missing. One by one: with `recursive`, Node 20 tries for ever
 * where a folder exists and nothing can be made in it, as in /proc.
 * @throws the error of the first that cannot be made.
 */
export function makeFolder(path: string): void {
  const isThere = (): boolean => statSync(path, { throwIfNoEntry: false })?.isDirectory() === true
  if (isThere()) return
  if (dirname(path) !== path) makeFolder(dirname(path))
  try {
    mkdirSync(path)
  } catch (error) {
    // Another process may have been faster.
    if (!isThere()) throw error
  }
}
