import { InputError, readInput } from '../../../counterexamples/input-file.ts'
import { quoted, quotedPath } from '../../../model/language/quoted.ts'
import { UsageError } from '../errors.ts'
import { firstIssue } from '../options.ts'
import { type MutationJson, mutationSchema } from './mutation-report.ts'

/** Bytes of a file: a thousand changes take less than one MiB. */
const MOST_BYTES = 64 << 20

/** Reads the result of `mutate --json`. @throws UsageError in one line for anything else. */
export function readMutation(path: string): MutationJson {
  const where = quotedPath(path)
  let json: unknown
  try {
    json = JSON.parse(readInput(path, MOST_BYTES, { pipes: true }))
  } catch (error) {
    if (error instanceof InputError) throw new UsageError(`cannot read ${where}: ${error.message}`)
    if (error instanceof SyntaxError) throw new UsageError(`${where} is not JSON: ${quoted(error.message)}`)
    throw error
  }
  const parsed = mutationSchema.safeParse(json)
  if (parsed.success) return parsed.data
  throw new UsageError(`${where} is not the result of "mutate --json": ${firstIssue(parsed.error)}`)
}
