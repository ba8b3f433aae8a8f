import { EXIT } from './exit-status.ts'
import { confirmInFreshProcess, fileKeeper } from './file-keeper.ts'
import { processIo } from './io.ts'
import { loadCatalogue } from './load-catalogue.ts'
import { catalogueHash, packageInfo } from './package-info.ts'
import { run } from './program.ts'
import { threadRunner } from './runner.ts'

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
  for (const event of ['uncaughtException', 'unhandledRejection']) {
    // The default status of both is 1, which means a violation.
    process.on(event, (error: unknown) => {
      io.err(`mmucheck: internal error: ${error instanceof Error ? error.stack : String(error)}`)
      process.exit(EXIT.internal)
    })
  }
  const loaded = await loadCatalogue(catalogue)
  const { version } = packageInfo()
  process.exitCode = await run(
    {
      catalogue: loaded,
      io,
      runner: threadRunner(catalogue),
      keeper: fileKeeper(loaded, version, confirmInFreshProcess(entry)),
      signal: interrupt.signal,
      version,
      modelHash: () => catalogueHash(loaded),
    },
    process.argv.slice(2),
  )
}
