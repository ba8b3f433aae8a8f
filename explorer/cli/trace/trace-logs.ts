import { readdirSync, statSync } from 'node:fs'
import { availableParallelism } from 'node:os'
import { basename, dirname, join, sep } from 'node:path'
import { InputError } from '../../../counterexamples/input-file.ts'
import { quotedPath } from '../../../model/language/quoted.ts'
import type { CommandContext } from '../command-context.ts'
import { UsageError } from '../errors.ts'
import { inParallel } from '../in-parallel.ts'
import { openLog } from './log-file.ts'
import { type LogReport, type LogRequest, refusedReport, reportOn } from './log-report.ts'

/** A log as the command line names it. */
export interface NamedLog {
  readonly path: string
  /** As it is printed: what is the same in the names of all logs is left out. */
  readonly name: string
}

/** Logs of a folder. */
const LOG_NAME = /\.txt(?:\.gz)?$/

/** The logs of a command line: files, and those in folders, by name. @throws UsageError for a folder without logs. */
export function logsIn(paths: readonly string[]): NamedLog[] {
  const files = paths.flatMap(filesOf)
  const folder = commonFolder(files.filter((path) => path !== '-').map(dirname))
  return files.map((path) => ({
    path,
    name: quotedPath(
      files.length === 1 ? basename(path) : path.slice(path.startsWith(folder) ? folder.length : 0),
    ),
  }))
}

function filesOf(path: string): string[] {
  if (path === '-' || statSync(path, { throwIfNoEntry: false })?.isDirectory() !== true) return [path]
  const found = readdirSync(path, { recursive: true, encoding: 'utf8' }).filter((name) => LOG_NAME.test(name))
  if (found.length === 0) throw new UsageError(`${quotedPath(path)} has no logs: no files *.txt or *.txt.gz`)
  return found.sort().map((name) => join(path, name))
}

/** The longest folder that all of these are in, with a separator behind it; empty if there is none. */
function commonFolder(folders: readonly string[]): string {
  const [first = '', ...others] = folders.map((folder) => `${folder}${sep}`)
  let length = first.length
  while (length > 0 && !others.every((other) => other.startsWith(first.slice(0, length))))
    length = first.lastIndexOf(sep, length - 2) + 1
  return length > 1 ? first.slice(0, length) : ''
}

/** What is done with each log. */
export type LogTask = Pick<LogRequest, 'settings' | 'design' | 'text'>

/**
 * Begins tasks with logs, several at a time if there are several, and hands their reports over in order.
 * A report is null if the run was interrupted.
 */
export function traceLogs(
  context: CommandContext,
  tasks: readonly { readonly log: NamedLog; readonly task: LogTask }[],
): Promise<LogReport | null>[] {
  // Changes are printed as they are seen; and starting a thread takes longer than most logs.
  const isHere = tasks.length === 1 || tasks.some(({ task }) => task.settings.watch !== null)
  return inParallel(
    tasks.map(
      ({ log, task }) =>
        () =>
          traceOne(context, log, task, isHere),
    ),
    isHere ? 1 : Math.min(availableParallelism(), tasks.length),
  )
}

async function traceOne(
  { io, catalogue, tracer, signal }: CommandContext,
  { path, name }: NamedLog,
  task: LogTask,
  isHere: boolean,
): Promise<LogReport | null> {
  if (signal.aborted) return null
  try {
    const { dispose, ...file } = await openLog(path, io.input, name)
    try {
      const request: LogRequest = { file, ...task }
      return isHere
        ? await reportOn(catalogue, request, () => signal.aborted)
        : await tracer.trace(request, signal)
    } finally {
      dispose()
    }
  } catch (error) {
    if (!(error instanceof InputError)) throw error
    return refusedReport(name, `cannot be read: ${error.message}`, task.text)
  }
}
