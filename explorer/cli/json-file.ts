import { InputError, readInput } from '../../counterexamples/input-file.ts'
import { quoted, quotedPath } from '../../model/language/quoted.ts'
import { UsageError } from './errors.ts'

/** Size limit of a design or scenario file: far more than one needs. */
const MOST_BYTES = 1 << 20

/**
 * Reads a user's JSON file, or the pipe that a shell passes instead.
 * @param what the kind of file, for messages.
 * @param otherwise says what a file is that is not JSON, if it is known; null if not.
 * @throws UsageError for a file that cannot be read, is too large, or is not JSON.
 */
export function readJson(
  what: string,
  path: string,
  otherwise: (contents: string) => string | null = () => null,
): unknown {
  const where = quotedPath(path)
  let contents: string
  try {
    contents = readInput(path, MOST_BYTES, { pipes: true })
  } catch (error) {
    if (!(error instanceof InputError)) throw error
    throw new UsageError(`cannot read the ${what} ${where}: ${error.message}`)
  }
  try {
    return JSON.parse(contents)
  } catch (error) {
    const is = otherwise(contents)
    if (is !== null) throw new UsageError(`${where}: ${is}`)
    throw new UsageError(`${where} is not JSON: ${quoted((error as Error).message)}`)
  }
}
