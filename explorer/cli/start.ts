import { fileURLToPath } from 'node:url'
import type { CommandContext } from './command-context.ts'
import { confirmInFreshProcess } from './confirm.ts'
import { counterexampleFiles } from './counterexample-files.ts'
import { EXIT } from './exit-status.ts'
import { checkerOf } from './load-catalogue.ts'
import { processIo } from './process-io.ts'
import { run } from './program.ts'
import { runToExit } from './run-to-exit.ts'
import { threadRunner } from './search-runner.ts'

/**
 * Runs the command line of this process and sets its exit status.
 * @param catalogue module that exports `catalogue`.
 * @param replay program that confirms with this catalogue.
 */
export async function start(catalogue: URL, replay: URL): Promise<void> {
  const io = processIo()
  const interrupt = new AbortController()
  // Once: a second signal finds no handler and ends the process at once.
  process.once('SIGINT', () => interrupt.abort(EXIT.interrupted))
  process.once('SIGTERM', () => interrupt.abort(EXIT.terminated))
  process.once('SIGHUP', () => interrupt.abort(EXIT.hungUp))
  await runToExit(io, async () => {
    const checker = await checkerOf(catalogue)
    const context: CommandContext = {
      ...checker,
      io,
      runner: threadRunner(catalogue),
      writer: counterexampleFiles(checker, confirmInFreshProcess(fileURLToPath(replay))),
      signal: interrupt.signal,
    }
    const status = await run(context, process.argv.slice(2))
    // Whoever reads standard output has not got the result: that is no success.
    return (await io.drained()) !== null && status === EXIT.holds ? EXIT.internal : status
  })
  // Node aborts when it gives back a terminal that is gone. A shell sees the same status of a process that ends by
  // the signal itself, whose handler was used up.
  const { stdin, stdout, stderr, exitCode, pid } = process
  if (exitCode === EXIT.hungUp && [stdin, stdout, stderr].some((stream) => stream.isTTY))
    process.kill(pid, 'SIGHUP')
}
