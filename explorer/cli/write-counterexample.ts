import { join } from 'node:path'
import { type Counterexample, formatCounterexample } from '../../counterexamples/counterexample-file.ts'
import { replaceFile } from '../checkpoint/index.ts'

/**
 * Writes `ID.json` into a folder, which is made if need be, and returns the path. Whoever looks sees the
 * old file or the new one, never half of it.
 */
export function writeCounterexample(folder: string, ce: Counterexample): string {
  const path = join(folder, `${ce.id}.json`)
  replaceFile(path, formatCounterexample(ce))
  return path
}
