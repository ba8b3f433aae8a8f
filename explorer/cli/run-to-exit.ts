import { EXIT } from './exit-status.ts'
import type { Io } from './io.ts'
import { printError } from './print-error.ts'

/**
 * Runs the work of this process and exits with the status that it returns. Every other way to exit is an internal
 * error: code that calls `process.exit()`, an uncaught error (Node's status for it, 1, would mean a violation), or a
 * promise that never settles, after which Node would exit with 0.
 */
export async function runToExit(io: Io, work: () => Promise<number>): Promise<void> {
  let status: number | null = null
  const fail = (error: unknown): void => {
    printError(io, error)
    status = EXIT.internal
    process.exit(status)
  }
  process.exitCode = EXIT.internal
  process.on('exit', (code) => {
    if (code === EXIT.readerGone) return
    if (status === null) io.err('mmucheck: internal error: the program ended before its work was done')
    process.exitCode = status ?? EXIT.internal
  })
  process.on('uncaughtException', fail)
  process.on('unhandledRejection', fail)
  status = await work().catch((error: unknown) => printError(io, error))
  process.exitCode = status
}
