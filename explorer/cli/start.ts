import { errorLines } from './error-lines.ts'
import { EXIT } from './exit-status.ts'
import { confirmInFreshProcess, fileKeeper } from './file-keeper.ts'
import { processIo } from './io.ts'
import { loadCatalogue } from './load-catalogue.ts'
import { builtModelHash, packageInfo } from './package-info.ts'
import { run } from './program.ts'
import { threadRunner } from './runner.ts'
import type { Checker } from './session.ts'

/**
 * Runs the command line of this process and sets its exit status.
 * @throws what loading the catalogue throws.
 * @param entry path of the program file, for processes that replay.
 * @param catalogue module that exports `catalogue`.
 */
export async function start(entry: string, catalogue: URL): Promise<void> {
  const io = processIo()
  const interrupt = new AbortController()
  // Once: a second signal finds no handler and ends the process at once.
  process.once('SIGINT', () => interrupt.abort(EXIT.interrupted))
  process.once('SIGTERM', () => interrupt.abort(EXIT.terminated))
  process.once('SIGHUP', () => interrupt.abort(EXIT.hungUp))
  for (const event of ['uncaughtException', 'unhandledRejection']) {
    // The default status of both is 1, which means a violation.
    process.on(event, (error: unknown) => {
      const text = error instanceof Error ? (error.stack ?? error.message) : String(error)
      for (const line of errorLines(`mmucheck: internal error: ${text}`)) io.err(line)
      process.exit(EXIT.internal)
    })
  }
  const loaded = await loadCatalogue(catalogue)
  const checker: Checker = { catalogue: loaded, version: packageInfo().version, modelHash: builtModelHash }
  process.exitCode = await run(
    {
      ...checker,
      io,
      runner: threadRunner(catalogue),
      keeper: fileKeeper(checker, confirmInFreshProcess(entry)),
      signal: interrupt.signal,
    },
    process.argv.slice(2),
  )
}
