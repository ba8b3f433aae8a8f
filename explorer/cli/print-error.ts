import { CounterexampleError } from '../../counterexamples/counterexample-file.ts'
import { ModelError } from '../../model/language/errors.ts'
import { FolderInUse } from '../checkpoint/index.ts'
import { errorLines } from './error-lines.ts'
import { InternalError, UsageError } from './errors.ts'
import { EXIT } from './exit-status.ts'
import type { Io } from './io.ts'

/** Prints the error that ended a command, an unexpected one with its stack. @returns the exit status. */
export function printError(io: Io, error: unknown): number {
  if (error instanceof UsageError || error instanceof CounterexampleError) {
    for (const line of errorLines(`mmucheck: ${error.message}`)) io.err(line)
    io.err('Try --help.')
    return EXIT.usage
  }
  if (error instanceof FolderInUse) {
    for (const line of errorLines(`mmucheck: --checkpoint: ${error.message}`)) io.err(line)
    return EXIT.usage
  }
  if (error instanceof ModelError) {
    for (const line of errorLines(`mmucheck: the model is wrong: ${error.message}`)) io.err(line)
    return EXIT.usage
  }
  const known = error instanceof InternalError
  const message = error instanceof Error ? error.message : String(error)
  const stack = !known && error instanceof Error ? (error.stack ?? '') : ''
  const [, ...frames] = errorLines(stack)
  for (const line of [...errorLines(`mmucheck: internal error: ${message}`), ...frames]) io.err(line)
  return EXIT.internal
}
