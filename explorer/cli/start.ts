import { fileURLToPath } from 'node:url'
import type { CommandContext } from './command-context.ts'
import { freshProcess } from './confirm.ts'
import { counterexampleFiles } from './counterexample-files.ts'
import { EXIT } from './exit-status.ts'
import { builtModules } from './gate/module-graph.ts'
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
  // Only once: a second signal kills the process at once.
  process.once('SIGINT', () => interrupt.abort(EXIT.interrupted))
  process.once('SIGTERM', () => interrupt.abort(EXIT.terminated))
  process.once('SIGHUP', () => interrupt.abort(EXIT.hungUp))
  await runToExit(io, async () => {
    const checker = await checkerOf(catalogue)
    const { confirm, end } = freshProcess(fileURLToPath(replay))
    const runner = threadRunner(catalogue)
    const context: CommandContext = {
      ...checker,
      io,
      runner,
      judge: runner,
      comparer: runner,
      tracer: runner,
      vet: runner.vet,
      modules: builtModules,
      env: process.env,
      writer: counterexampleFiles(checker, confirm),
      signal: interrupt.signal,
    }
    const status = await run(context, process.argv.slice(2)).finally(end)
    // The result did not reach the reader: that is no success.
    return (await io.drained()) !== null && status === EXIT.holds ? EXIT.internal : status
  })
  // Node aborts when it resets a terminal that is gone. Killing the process by the signal instead, whose handler was
  // used up, gives a shell the same status.
  const { stdin, stdout, stderr, exitCode, pid } = process
  if (exitCode === EXIT.hungUp && [stdin, stdout, stderr].some((stream) => stream.isTTY))
    process.kill(pid, 'SIGHUP')
}
