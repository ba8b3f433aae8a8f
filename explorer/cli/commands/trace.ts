import { z } from 'zod'
import type { Design } from '../../../model/designs/design.ts'
import { printableJson, quoted } from '../../../model/language/quoted.ts'
import { findDesign, UPSTREAM } from '../catalogue.ts'
import { catalogueOfKernel } from '../catalogue-of-kernel.ts'
import { type CommandContext, interruption } from '../command-context.ts'
import { UsageError } from '../errors.ts'
import { EXIT, worstOf } from '../exit-status.ts'
import { unknownName } from '../nearest.ts'
import { count, readOptions } from '../options.ts'
import { readUserDesign } from '../read-user-design.ts'
import type { LogReport, LogRequest } from '../trace/log-report.ts'
import type { TraceSettings } from '../trace/run-log.ts'
import { tamper } from '../trace/tamper-command.ts'
import { STATUSES, type TraceJson } from '../trace/trace-json.ts'
import { type LogTask, logsIn, type NamedLog, traceLogs } from '../trace/trace-logs.ts'
import { aligned, tableLines, verdictLine } from '../trace/trace-table.ts'
import type { TracedModel } from '../trace/traced-model.ts'
import { isDesignFile } from '../user-design.ts'

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

/**
 * `mmucheck trace`: holds logs of a real kernel against the properties (level 1) and the model (level 2).
 * @throws UsageError for options that make no sense.
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
  const logs = logsIn(paths)
  if (flags.tamper !== undefined)
    return tamper(context, model, logs, settings, { perClass: flags.tamper, seed: flags.seed })
  if (flags.matrix) return matrix(context, logs, settings)
  const design = flags.design === undefined ? null : await designOf(context, flags.design)
  const text = { width: io.width, verbose: flags.verbose ?? false }
  const tasks = logs.map((log) => ({ log, task: { settings, design, text } }))
  const reports: LogReport[] = []
  for (const running of traceLogs(context, tasks)) {
    const report = await running
    if (report === null) break
    reports.push(report)
    if (flags.json) continue
    for (const line of report.lines) report.json.refused === null ? io.out(line) : io.err(line)
    io.status(`${reports.length} of ${logs.length} logs`)
  }
  print(context, reports, logs.length, flags)
  return interruption(context.signal) ?? worstOf(reports.map(({ json }) => STATUSES[json.verdict]))
}

/** What is printed when all logs are done. */
function print(
  { io, version, modelHash }: CommandContext,
  reports: readonly LogReport[],
  logs: number,
  { json, coverage, design = UPSTREAM }: z.infer<typeof options>,
): void {
  if (json) {
    const about = { version, modelHash: modelHash(), design }
    const all: TraceJson = { schema: 'mmucheck-trace/1', ...about, logs: reports.map((each) => each.json) }
    io.out(printableJson(all))
    return
  }
  if (coverage) for (const line of coverageLines(reports)) io.out(line)
  if (reports.length > 1) for (const line of ['', ...tableLines(reports), '']) io.out(line)
  io.out(verdictLine(reports, logs))
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

/** A design by its id, or the one in a file. @throws UsageError for one that does not exist. */
async function designOf(context: CommandContext, name: string): Promise<LogRequest['design']> {
  const { catalogue } = context
  if (!isDesignFile(name)) return findDesign(catalogue, name).id
  const { design, code } = await readUserDesign(context, catalogueOfKernel(catalogue, undefined), name)
  return code ?? (design as unknown as Design<never>)
}

/** In the matrix, of a design that cannot be followed in any slice. */
const UNFIT = '-'

/** Every design with every log, at level 2. */
async function matrix(
  context: CommandContext,
  logs: readonly NamedLog[],
  settings: TraceSettings,
): Promise<number> {
  const { io, catalogue, signal } = context
  const ids = catalogue.designs.map(({ id }) => id)
  const task = (id: string): LogTask => ({
    settings: { ...settings, levels: new Set([2]), watch: null },
    design: id === UPSTREAM ? null : id,
    text: { width: io.width, verbose: false },
  })
  const cells = ids.flatMap((id) => logs.map((log) => ({ id, log, task: task(id) })))
  const rows = [['design', ...logs.map(({ name }) => name)]]
  const statuses: number[] = []
  const words: string[] = []
  for (const [n, running] of traceLogs(context, cells).entries()) {
    const report = await running
    if (report === null) break
    const { json } = report
    const isUnfit = json.slices.length > 0 && json.slices.every((slice) => slice.isUnfit)
    words.push(isUnfit ? UNFIT : wordOf(json))
    if (cells[n].id === UPSTREAM) statuses.push(STATUSES[json.verdict])
    if (words.length === logs.length) rows.push([cells[n].id, ...words.splice(0)])
    io.status(`${n + 1} of ${cells.length} cells`)
  }
  for (const line of aligned(rows)) io.out(line)
  if (rows.some(([, ...found]) => found.includes(UNFIT)))
    io.out(`\n${UNFIT}  changes only what the slices leave out`)
  return interruption(signal) ?? worstOf(statuses)
}

function wordOf({ verdict, slices }: LogReport['json']): string {
  if (verdict === 'refused') return 'not readable'
  if (verdict !== 'rejected') return verdict
  return `rejected (${slices.flatMap((slice) => (slice.verdict === 'rejected' ? [slice.id] : [])).join(', ')})`
}

/** The steps of the slices that no log has taken. */
function coverageLines(reports: readonly LogReport[]): string[] {
  const taken = new Map<string, number>()
  for (const { json } of reports)
    for (const { id, steps } of json.slices)
      for (const [step, times] of Object.entries(steps)) {
        const name = `${id}: ${step}`
        taken.set(name, (taken.get(name) ?? 0) + times)
      }
  const never = [...taken].filter(([, times]) => times === 0).map(([name]) => `  ${quoted(name)}`)
  return ['', `${taken.size - never.length} of ${taken.size} steps were taken; never:`, ...never]
}
