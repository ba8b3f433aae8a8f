import { InputError } from '../../../counterexamples/input-file.ts'
import { quotedPath } from '../../../model/language/quoted.ts'
import { type CommandContext, interruption } from '../command-context.ts'
import { UsageError } from '../errors.ts'
import { EXIT } from '../exit-status.ts'
import { openLog, type SpooledLog } from './log-file.ts'
import type { TraceSettings } from './run-log.ts'
import { type Copy, tamperLog } from './tamper-log.ts'
import type { NamedLog } from './trace-logs.ts'
import type { TracedModel } from './traced-model.ts'

/**
 * Copies of each log with one change: how many are noticed, and which are not, with the reason. Exchanges of independent
 * events are no changes, and have to be followed.
 * @returns the exit status: 1 if an exchange was rejected.
 * @throws UsageError for a log that cannot be opened, or is too long to be kept in memory.
 */
export async function tamper(
  context: CommandContext,
  model: TracedModel<never>,
  logs: readonly NamedLog[],
  settings: TraceSettings,
  draw: { readonly perClass: number; readonly seed: number },
): Promise<number> {
  const { io, signal } = context
  const all: Copy[] = []
  let done = 0
  for (const log of logs) {
    if (signal.aborted) break
    const copies = await copiesOf(context, log, model, settings, draw)
    all.push(...copies)
    done++
    io.out(`${log.name}: ${summary(copies)}`)
    for (const line of copies.flatMap(lineOf)) io.out(line)
  }
  if (done > 1) io.out(`${done} logs: ${summary(all)}`)
  return interruption(signal) ?? (all.some(isWronglyRejected) ? EXIT.violated : EXIT.holds)
}

async function copiesOf(
  { io, signal }: CommandContext,
  { path, name }: NamedLog,
  model: TracedModel<never>,
  settings: TraceSettings,
  draw: { readonly perClass: number; readonly seed: number },
): Promise<readonly Copy[]> {
  const file = await opened(path, name, io)
  try {
    const onCopy = (made: number, of: number): void => io.status(`${name}: ${made} of ${of} copies`)
    const copies = await tamperLog(file, model, settings, { ...draw, onCopy, stop: () => signal.aborted })
    if (copies === null) throw new UsageError(`${file.name} is too long: copies are made in memory`)
    return copies
  } finally {
    file.dispose()
  }
}

/** @throws UsageError for a file that cannot be opened. */
async function opened(path: string, name: string, io: CommandContext['io']): Promise<SpooledLog> {
  try {
    return await openLog(path, io.input, name)
  } catch (error) {
    if (!(error instanceof InputError)) throw error
    throw new UsageError(`${quotedPath(path)} cannot be read: ${error.message}`)
  }
}

const isExchange = ({ tampering }: Copy): boolean => tampering === 'exchange'
const isWronglyRejected = (copy: Copy): boolean => isExchange(copy) && copy.noticedBy !== null

function summary(copies: readonly Copy[]): string {
  const changed = copies.filter((copy) => !isExchange(copy))
  const noticed = changed.filter(({ noticedBy }) => noticedBy !== null)
  const by = new Map<string, number>()
  for (const { noticedBy } of noticed) by.set(noticedBy as string, (by.get(noticedBy as string) ?? 0) + 1)
  const share = changed.length === 0 ? '' : ` (${((100 * noticed.length) / changed.length).toFixed(1)} %)`
  const whom = by.size === 0 ? '' : `: ${[...by].map(([who, count]) => `${who} ${count}`).join(', ')}`
  const exchanges = copies.filter(isExchange)
  const rejected = exchanges.filter(isWronglyRejected).length
  return [
    `${changed.length} copies, ${noticed.length} noticed${share}${whom}`,
    ...(exchanges.length === 0
      ? []
      : [
          `${exchanges.length} exchanges of independent events, ${rejected === 0 ? 'none' : rejected} rejected`,
        ]),
  ].join('; ')
}

/** A copy that is not as it should be. */
function lineOf(copy: Copy): string[] {
  const { tampering, of, value, nth, noticedBy, unseen } = copy
  const what = `${tampering} ${of}${value === undefined ? '' : `.${value}`}, number ${nth + 1}`
  if (isExchange(copy)) return noticedBy === null ? [] : [`  REJECTED by ${noticedBy}: ${what}`]
  return noticedBy === null ? [`  not noticed: ${what}: ${unseen}`] : []
}
