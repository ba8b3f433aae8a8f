import { readdirSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { z } from 'zod'
import { InputError } from '../../../counterexamples/input-file.ts'
import { ModelError } from '../../../model/language/errors.ts'
import { printableJson, quoted, quotedPath } from '../../../model/language/quoted.ts'
import type { Change } from '../../../model/scenarios/additions.ts'
import { findDesign, UPSTREAM } from '../catalogue.ts'
import type { CommandContext } from '../command-context.ts'
import { UsageError } from '../errors.ts'
import { EXIT, worstOf } from '../exit-status.ts'
import { unknownName } from '../nearest.ts'
import { count, readOptions } from '../options.ts'
import { openLog, type SpooledLog } from '../trace/log-file.ts'
import { type LogResult, runLog, statusOf, type TraceSettings } from '../trace/run-log.ts'
import { tamperLog } from '../trace/tamper-log.ts'
import { traceJson } from '../trace/trace-json.ts'
import { aligned, tableLines } from '../trace/trace-table.ts'
import { logLines, verdictLine } from '../trace/trace-text.ts'
import type { TracedModel } from '../trace/traced-model.ts'
import { isDesignFile, readDesign } from '../user-design.ts'

const WATCHED = /^(?:vcpu=\d{1,3}|page=0x[0-9a-f]{1,16}|gfn=(?:0x[0-9a-f]{1,13}|\d{1,15}))$/

const options = z.object({
  level: z.enum(['1', '2']).optional(),
  slice: z.string().optional(),
  design: z.string().min(1, 'must be a design, or a file with one').optional(),
  matrix: z.literal(true).optional(),
  coverage: z.literal(true).optional(),
  tamper: count(1000).optional(),
  seed: count(2 ** 31).default(1),
  kernel: z.string().optional(),
  watch: z.string().regex(WATCHED, 'must be vcpu=N, page=0xADDRESS or gfn=N').optional(),
  frontier: count(10_000_000).default(20_000),
  strict: z.literal(true).optional(),
  verbose: z.literal(true).optional(),
  json: z.literal(true).optional(),
  recipe: z.union([z.string(), z.literal(true)]).optional(),
})

/** Logs of a folder. */
const LOG_NAME = /\.txt(?:\.gz)?$/

/**
 * `mmucheck trace`: holds logs of a real kernel against the properties (level 1) and the model (level 2).
 * @throws UsageError for options that make no sense, and for a file that does not exist if it is the only one.
 */
export async function trace(
  context: CommandContext,
  paths: readonly string[],
  raw: unknown,
): Promise<number> {
  const flags = readOptions(options, raw)
  const { io, catalogue } = context
  const model = await catalogue.traces?.()
  if (model === undefined) throw new UsageError('this model knows no logs of a real system')
  if (flags.recipe !== undefined) return recipe(context, model, flags.recipe === true ? null : flags.recipe)
  if (paths.length === 0)
    throw new UsageError('trace needs a log, a folder with logs, or - for standard input')
  const settings: TraceSettings = {
    levels: new Set(flags.level === undefined ? [1, 2] : [flags.level === '1' ? 1 : 2]),
    slice: flags.slice ?? null,
    version: flags.kernel === undefined ? null : versionOf(model, flags.kernel),
    frontier: flags.frontier,
    strict: flags.strict ?? false,
    watch:
      flags.watch === undefined
        ? null
        : {
            what: flags.watch,
            onChange: (line, field, from, to) => io.out(`  line ${line}: ${field} ${from} -> ${to}`),
          },
  }
  const files = paths.flatMap(logsIn)
  if (flags.tamper !== undefined)
    return tamper(context, model, files, settings, { perClass: flags.tamper, seed: flags.seed })
  if (flags.matrix) return matrix(context, model, files, settings)
  const design = flags.design === undefined ? undefined : designOf(context, flags.design)
  const results: LogResult[] = []
  for (const path of files) {
    const result = await runPath(context, path, model, settings, design)
    results.push(result)
    if (flags.json) continue
    if (result.refused !== null) for (const line of logLines(result, io.width, false)) io.err(line)
    else for (const line of logLines(result, io.width, flags.verbose ?? false)) io.out(line)
  }
  if (flags.json) {
    const { version, modelHash } = context
    io.out(
      printableJson(
        traceJson(results, { version, modelHash: modelHash(), design: flags.design ?? UPSTREAM }),
      ),
    )
  } else {
    if (flags.coverage) for (const line of coverageLines(results)) io.out(line)
    if (results.length > 1) for (const line of ['', ...tableLines(results), '']) io.out(line)
    io.out(verdictLine(results))
  }
  return worstOf(results.map(statusOf))
}

function recipe({ io }: CommandContext, model: TracedModel<never>, asked: string | null): number {
  const version = asked === null ? (model.versions.at(-1) as string) : versionOf(model, asked)
  for (const line of model.recipe(version)) io.out(line)
  return EXIT.holds
}

function versionOf({ versions }: TracedModel<never>, asked: string): string {
  const version = asked.replace(/^v/, '')
  if (versions.includes(version)) return version
  throw new UsageError(unknownName('kernel', version, [...versions]))
}

const designOf = ({ catalogue }: CommandContext, name: string): Change<never> =>
  (isDesignFile(name)
    ? readDesign(catalogue, name).design
    : findDesign(catalogue, name)) as unknown as Change<never>

/** A path, or the logs in a folder, by name. */
function logsIn(path: string): string[] {
  if (path === '-' || statSync(path, { throwIfNoEntry: false })?.isDirectory() !== true) return [path]
  const found = readdirSync(path, { recursive: true, encoding: 'utf8' }).filter((name) => LOG_NAME.test(name))
  if (found.length === 0) throw new UsageError(`${quotedPath(path)} has no logs: no files *.txt or *.txt.gz`)
  return found.sort().map((name) => join(path, name))
}

async function runPath(
  { io }: CommandContext,
  path: string,
  model: TracedModel<never>,
  settings: TraceSettings,
  design: Change<never> | undefined,
): Promise<LogResult> {
  let file: SpooledLog
  try {
    file = await openLog(path, io.input)
  } catch (error) {
    if (!(error instanceof InputError)) throw error
    const refused = `cannot be read: ${error.message}`
    return {
      name: quotedPath(path),
      refused,
      counted: null,
      states: null,
      slices: [],
      seconds: { states: 0, reading: 0 },
    }
  }
  try {
    return (await runLog(file, model, settings, design)) as LogResult
  } finally {
    file.dispose()
  }
}

/** In the matrix, of a design that cannot be followed in any slice. */
const UNFIT = '-'

/** Every design with every log, at level 2. */
async function matrix(
  context: CommandContext,
  model: TracedModel<never>,
  files: readonly string[],
  settings: TraceSettings,
): Promise<number> {
  const { io, catalogue } = context
  const rows = [['design', ...files.map((path) => path.split('/').at(-1) as string)]]
  const statuses: number[] = []
  for (const { id } of catalogue.designs) {
    const row = [id]
    for (const path of files) {
      const found = await cellOf(context, path, model, settings, id)
      row.push(found.word)
      if (id === UPSTREAM) statuses.push(found.status)
    }
    rows.push(row)
    io.status(`${rows.length - 1} of ${catalogue.designs.length} designs`)
  }
  for (const line of aligned(rows)) io.out(line)
  if (rows.some(([, ...words]) => words.includes(UNFIT)))
    io.out(`\n${UNFIT}  changes only what the slices leave out`)
  return worstOf(statuses)
}

async function cellOf(
  context: CommandContext,
  path: string,
  model: TracedModel<never>,
  settings: TraceSettings,
  id: string,
): Promise<{ word: string; status: number }> {
  try {
    const design = id === UPSTREAM ? undefined : designOf(context, id)
    const result = await runPath(
      context,
      path,
      model,
      { ...settings, levels: new Set([2]), watch: null },
      design,
    )
    const status = statusOf(result)
    if (result.slices.every((slice) => slice.isUnfit)) return { word: UNFIT, status: EXIT.holds }
    const rejected = result.slices.filter((slice) => slice.result?.verdict.kind === 'rejected')
    const words: Readonly<Record<number, string>> = { 0: 'followed', 2: 'not readable', 4: 'inconclusive' }
    return { word: words[status] ?? `rejected (${rejected.map((slice) => slice.id).join(', ')})`, status }
  } catch (error) {
    if (error instanceof ModelError) return { word: UNFIT, status: EXIT.holds }
    throw error
  }
}

/** Copies of each log with one change: how many are noticed, and which are not. */
async function tamper(
  { io }: CommandContext,
  model: TracedModel<never>,
  files: readonly string[],
  settings: TraceSettings,
  draw: { readonly perClass: number; readonly seed: number },
): Promise<number> {
  for (const path of files) {
    const file = await opened(path, io)
    try {
      const copies = await tamperLog(file, model, settings, draw)
      if (copies === null) throw new UsageError(`${file.name} is too long: copies are made in memory`)
      const missed = copies.filter(({ noticedBy }) => noticedBy === null)
      io.out(`${file.name}: ${copies.length} copies, ${copies.length - missed.length} noticed`)
      for (const { tampering, of, value, nth } of missed)
        io.out(
          `  not noticed: ${tampering} ${of}${value === undefined ? '' : `.${value}`}, number ${nth + 1}`,
        )
    } finally {
      file.dispose()
    }
  }
  return EXIT.holds
}

/** @throws UsageError for a file that cannot be opened. */
async function opened(path: string, io: CommandContext['io']): Promise<SpooledLog> {
  try {
    return await openLog(path, io.input)
  } catch (error) {
    if (!(error instanceof InputError)) throw error
    throw new UsageError(`${quotedPath(path)} cannot be read: ${error.message}`)
  }
}

/** The steps of the slices that no log has taken. */
function coverageLines(results: readonly LogResult[]): string[] {
  const taken = new Map<string, number>()
  for (const { slices } of results)
    for (const { id, result } of slices)
      for (const { kind, step, taken: times } of result?.steps ?? []) {
        const name = `${id}: ${step} of ${kind}`
        taken.set(name, (taken.get(name) ?? 0) + times)
      }
  const never = [...taken].filter(([, times]) => times === 0).map(([name]) => `  ${quoted(name)}`)
  return ['', `${taken.size - never.length} of ${taken.size} steps were taken; never:`, ...never]
}
