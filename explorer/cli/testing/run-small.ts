import { Readable } from 'node:stream'
import { Chalk } from 'chalk'
import { CheckpointError } from '../../checkpoint/index.ts'
import type { Catalogue } from '../catalogue.ts'
import type { Checker } from '../checker.ts'
import type { CommandContext } from '../command-context.ts'
import type { Confirm } from '../confirm.ts'
import { counterexampleFiles } from '../counterexample-files.ts'
import { replayed } from '../counterexamples.ts'
import { compareCells } from '../diff/compare-cells.ts'
import { UsageError } from '../errors.ts'
import { judgeCell } from '../gate/judge-cell.ts'
import { run } from '../program.ts'
import { errorInWords } from '../reason-words.ts'
import { runCheck } from '../run-check.ts'
import type { CellComparer, CellJudge, SearchRunner } from '../search-runner.ts'
import { type LogTracer, reportOn } from '../trace/log-report.ts'
import { catalogue } from './small-catalogue.ts'

/** What a command printed and how it ended. */
export interface Ran {
  readonly status: number
  readonly out: readonly string[]
  readonly err: readonly string[]
}

/** The small catalogue, under a version and a hash that no build has. */
export const CHECKER: Checker = { catalogue, version: '0.0.0', modelHash: () => '0123456789abcdef' }

/** Runs command lines on the small catalogue in this process, searches included. */
export async function runSmall(
  args: readonly string[],
  changes: Partial<CommandContext> & { readonly typed?: readonly string[] } = {},
): Promise<Ran> {
  const out: string[] = []
  const err: string[] = []
  const { typed = [], ...parts } = changes
  const context: CommandContext = {
    ...CHECKER,
    io: {
      out: (line) => out.push(...line.split('\n')),
      err: (line) => err.push(...line.split('\n')),
      status: () => {},
      live: false,
      colour: new Chalk({ level: 0 }),
      input: Readable.from(typed.map((line) => `${line}\n`)),
      editor: null,
      width: 80,
    },
    runner: inThisThread,
    judge: judging(catalogue),
    comparer: comparing(parts.catalogue ?? catalogue),
    tracer: tracing(parts.catalogue ?? catalogue),
    modules: async () => null,
    env: {},
    writer: counterexampleFiles(CHECKER, confirming(CHECKER)),
    signal: new AbortController().signal,
    ...parts,
  }
  const status = await run(context, args)
  return { status, out, err }
}

/** Runs command lines on another catalogue in this process. */
export function runOn(
  other: Catalogue,
  args: readonly string[],
  changes: Partial<CommandContext> = {},
): Promise<Ran> {
  const checker = { ...CHECKER, catalogue: other }
  return runSmall(args, {
    ...checker,
    runner: searching(other),
    judge: judging(other),
    comparer: comparing(other),
    writer: counterexampleFiles(checker, confirming(checker)),
    ...changes,
  })
}

const searching = (of: Catalogue): SearchRunner => ({
  run: async (request, signal, listener) => {
    try {
      return await runCheck(of, request, { stop: () => signal.aborted, ...listener })
    } catch (error) {
      throw error instanceof CheckpointError ? new UsageError(errorInWords(error)) : error
    }
  },
})

/** Searches cells for the gate without a thread. */
export const judging = (of: Catalogue): CellJudge => ({
  judge: async (request, signal, listener) =>
    judgeCell(of, request, { stop: () => signal.aborted, onProgress: listener.onProgress }),
})

/** Compares without a thread; what would be sent from one is copied all the same. */
const comparing = (of: Catalogue): CellComparer => ({
  compare: async (request, signal, listener) =>
    structuredClone(
      await compareCells(of, request, { stop: () => signal.aborted, onProgress: listener.onProgress }),
    ),
})

/** Traces logs without a thread; what would be sent to one is copied all the same. */
const tracing = (of: Catalogue): LogTracer => ({
  trace: async (request, signal) =>
    structuredClone(await reportOn(of, structuredClone(request), () => signal.aborted)),
})

/** Searches without a thread; an aborted signal is seen at the first batch. */
export const inThisThread: SearchRunner = searching(catalogue)

const confirming =
  (checker: Checker): Confirm =>
  async (counterexample, files) => {
    replayed(checker, counterexample, files)
    return null
  }
