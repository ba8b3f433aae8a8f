import { confirmInFreshProcess } from './confirm.ts'
import { EXIT } from './exit-status.ts'
import { fileKeeper } from './file-keeper.ts'
import { processIo } from './io.ts'
import { loadCatalogue } from './load-catalogue.ts'
import { builtModelHash, packageInfo } from './package-info.ts'
import { run } from './program.ts'
import { threadRunner } from './runner.ts'
import type { Checker, Session } from './session.ts'
import { wholeProcess } from './whole-process.ts'

/**
 * Runs the command line of this process and sets its exit status.
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
  await wholeProcess(io, async () => {
    const loaded = await loadCatalogue(catalogue)
    const checker: Checker = { catalogue: loaded, version: packageInfo().version, modelHash: builtModelHash }
    const session: Session = {
      ...checker,
      io,
      runner: threadRunner(catalogue),
      keeper: fileKeeper(checker, confirmInFreshProcess(entry)),
      signal: interrupt.signal,
    }
    const status = await run(session, process.argv.slice(2))
    // Whoever reads standard output has not got the result: that is no success.
    return (await io.drained()) !== null && status === EXIT.holds ? EXIT.internal : status
  })
}
