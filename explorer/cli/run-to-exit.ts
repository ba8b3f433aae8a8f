import { EXIT } from './exit-status.ts'
import type { Io } from './io.ts'
import { printError } from './print-error.ts'

/**
 * Does the work of this process and ends it with the status that the work returns. Whatever else the process ends
 * with is an internal error: code that exits by itself, an error that nothing catches (Node's status for it, 1, means
 * a violation), or a promise that is never settled, after which Node ends with 0 as if all were well.
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
