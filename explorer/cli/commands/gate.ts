import { existsSync } from 'node:fs'
import { availableParallelism } from 'node:os'
import { z } from 'zod'
import { quoted, quotedPath } from '../../../model/language/quoted.ts'
import { replaceFile } from '../../checkpoint/index.ts'
import { catalogueOfKernel } from '../catalogue-of-kernel.ts'
import { type CommandContext, interruption } from '../command-context.ts'
import { UsageError } from '../errors.ts'
import {
  type Baseline,
  differences,
  FORMAT,
  formatBaseline,
  mergedCells,
  readBaseline,
} from '../gate/baseline-file.ts'
import { type Concluded, type Conclusion, conclude, gateText } from '../gate/conclude.ts'
import {
  cellsOfFiles,
  type GateCell,
  type GateScope,
  gateCells,
  olderKernel,
  packedBaseline,
  TIERS,
} from '../gate/gate-cells.ts'
import { type JudgedCell, recordedCell, recordOfJudged } from '../gate/judged-cell.ts'
import { cellsOfShard, readShard } from '../gate/plan.ts'
import { runGate } from '../gate/run-gate.ts'
import { cachedVerdicts, cacheFolder } from '../gate/verdict-cache.ts'
import { count, flagOf, readOptions, seconds } from '../options.ts'
import { readUserDesign } from '../read-user-design.ts'
import { FORMATS } from '../report/formats/output.ts'
import { outputOfGate } from '../report/formats/output-of.ts'
import { printFormatted, refuseTwoOutputs, titlesIn } from '../report/formats/print.ts'
import { findingLines, gateLine, nextSteps, type ReportedFinding } from '../report/gate-text.ts'
import { ProgressDisplay } from '../report/progress.ts'
import { isDesignFile, type UserDesign } from '../user-design.ts'
import { wrapAtSpaces } from '../wrap.ts'
import { orUnwritable } from '../write-counterexample.ts'

/** Options of `gate` and `merge`. */
export const reportOptions = z.object({
  baseline: z.string().min(1, 'must name a file').optional(),
  sameGraph: z.boolean().default(false),
  json: z.literal(true).or(z.string()).optional(),
  out: z.string().min(1, 'must name a folder').default('out'),
  format: z.enum(FORMATS).default('text'),
  quiet: z.boolean().default(false),
})

const options = reportOptions.extend({
  kernel: z.string().optional(),
  design: z.array(z.string()).optional(),
  tier: z.enum(TIERS).default('gate'),
  only: z.array(z.string()).optional(),
  shard: z.string().optional(),
  update: z.boolean().default(false),
  timeLimit: seconds.optional(),
  budget: seconds.optional(),
  maxStates: count().optional(),
  memoryLimit: count().optional(),
  workers: count(256).optional(),
  cache: z.literal(false).or(z.string().min(1, 'must name a folder')).optional(),
})

/**
 * `mmucheck gate`: searches every design in its scenarios, and compares with the baseline and with what the designs
 * expect.
 * @returns the exit status: 1 for a violation that was introduced, 3 for a known bug that is not caught or for
 *   coverage that was lost, 4 for what is inconclusive or vacuous.
 * @throws UsageError, InternalError.
 */
export async function gate(context: CommandContext, raw: unknown): Promise<number> {
  const flags = readOptions(options, raw)
  refuseTwoOutputs(flags)
  if (flags.update) refuseUpdate(context, flags.shard)
  if (flags.design !== undefined) refuseWithDesign(flags)
  const scope: GateScope = { kernel: olderKernel(context.catalogue, flags.kernel), tier: flags.tier }
  const file = flags.design === undefined ? baselineFile(context, scope, flags.baseline) : ''
  const baseline: Baseline =
    flags.design === undefined
      ? baselineIn(file, flags.update || (scope.tier === 'deep' && flags.baseline === undefined))
      : { format: FORMAT, cells: {} }
  const whole =
    flags.design === undefined
      ? gateCells(context.catalogue, scope)
      : await cellsOfOwn(context, scope, flags.design)
  const all = whole.map(({ name }) => name)
  const isWanted = (name: string): boolean => flags.only?.some((text) => name.includes(text)) !== false
  const wanted = all.filter(isWanted)
  if (wanted.length === 0)
    throw new UsageError(
      flags.only === undefined
        ? `there is no cell in tier ${scope.tier}`
        : `--only: no cell has that in its name: ${flags.only.map((text) => quoted(text)).join(', ')}`,
    )
  const shard = flags.shard === undefined ? null : readShard(flags.shard, context.env)
  const chosen = new Set(shard === null ? wanted : cellsOfShard(wanted, baseline, shard))
  const cells = whole.filter(({ name }) => chosen.has(name))
  const { timeLimit, maxStates, memoryLimit } = flags
  const verdicts =
    flags.cache === false || flags.design !== undefined
      ? null
      : cachedVerdicts(
          await context.modules(),
          flags.cache ?? cacheFolder(context.env),
          scope.kernel,
          catalogueOfKernel(context.catalogue, scope.kernel ?? undefined).properties,
        )
  const { judged, cached } = await runGate(context, {
    cells,
    kernel: scope.kernel,
    baseline,
    limits: {
      ...(timeLimit === undefined ? {} : { timeLimit }),
      ...(maxStates === undefined ? {} : { maxStates }),
      ...(memoryLimit === undefined ? {} : { memoryLimit }),
    },
    budget: flags.budget ?? null,
    verdicts,
    onUnwritten: () =>
      context.io.err(
        `mmucheck: warning: verdicts cannot be kept in ${quotedPath(verdicts?.cache.folder ?? '')}; the next run searches again: choose another folder with --cache`,
      ),
    atOnce: Math.min(
      context.judge.atOnce ?? flags.workers ?? availableParallelism(),
      Math.max(1, cells.length),
    ),
    progress: new ProgressDisplay(context.io, { quiet: flags.quiet, searches: cells.length }),
  })
  const { out, sameGraph } = flags
  const only = flags.only ?? (flags.design === undefined ? null : [...new Set(cells.map((c) => c.design.id))])
  const asked: Conclusion = { scope, only, shard, baseline, cells, judged, cached, all, sameGraph, out }
  if (!flags.update) return report(context, flags, asked)
  const updated = updatedBaseline(baseline, all, judged, only === null)
  const showText = !flags.quiet && flags.json !== true && flags.format === 'text'
  for (const line of differences(baseline, updated)) if (showText) context.io.out(line)
  orUnwritable(file, () => replaceFile(file, formatBaseline(updated)))
  if (showText) context.io.out(`baseline: ${quotedPath(file)}`)
  return report(context, flags, { ...asked, baseline: updated })
}

/** Concludes, prints and writes the result. @returns the exit status. */
export async function report(
  context: CommandContext,
  flags: z.infer<typeof reportOptions>,
  asked: Conclusion,
): Promise<number> {
  const { io } = context
  const concluded = await conclude(context, asked)
  const { findings, json } = concluded
  const isText = flags.format === 'text'
  if (flags.json !== true && !flags.quiet && isText)
    for (const line of reportLines(concluded, asked, io.width)) io.out(line)
  if (typeof flags.json === 'string') {
    const path = flags.json
    orUnwritable(path, () => replaceFile(path, `${gateText(json)}\n`))
    if (!flags.quiet && isText) io.out(`result: ${quotedPath(path)}`)
  }
  const verdict = gateLine(findings, asked.cells.length)
  if (flags.format === 'text') io.out(flags.json === true ? gateText(json) : verdict)
  else {
    const output = outputOfGate(context, json, findings, titlesIn(context), verdict, asked)
    await printFormatted(context, flags.format, output)
  }
  return interruption(context.signal) ?? json.exitStatus
}

function reportLines({ findings, diagram }: Concluded, asked: Conclusion, width: number): string[] {
  const { shard } = asked
  const part = shard === null ? [] : [`shard ${shard.index} of ${shard.of}: ${asked.cells.length} cells`, '']
  return [
    ...part,
    ...findingLines(findings, width),
    ...(diagram === null ? [] : [diagram]),
    ...nextSteps(
      findings,
      width,
      asked.cells.flatMap(({ files }) => files?.design ?? []),
    ),
    ...cacheLines(asked, findings, width),
  ]
}

/** How many verdicts come from the cache, and how many searches found nothing else; empty without cached verdicts. */
function cacheLines(
  { cells, cached }: Conclusion,
  findings: readonly ReportedFinding[],
  width: number,
): string[] {
  if (cached.length === 0) return []
  const known = new Set(cached)
  const differing = new Set(findings.map(({ cell }) => cell))
  const searched = cells.filter(({ name }) => !known.has(name))
  const same = searched.filter(({ name }) => !differing.has(name)).length
  const others = `; the code of ${searched.length} is not that of an earlier run, and ${same} of them are as recorded`
  const text = `${cached.length} of ${cells.length} verdicts are from the cache${searched.length === 0 ? '' : others} (--no-cache searches all)`
  return wrapAtSpaces(text, width)
}

/** The cells of designs of the user's, which are compared with what each expects. */
async function cellsOfOwn(
  context: CommandContext,
  scope: GateScope,
  paths: readonly string[],
): Promise<GateCell[]> {
  const catalogue = catalogueOfKernel(context.catalogue, scope.kernel ?? undefined)
  const designs: UserDesign[] = []
  for (const path of paths) {
    if (!isDesignFile(path))
      throw new UsageError(
        `--design: "${quoted(path)}" is no file; the gate knows the designs of the catalogue: --only ${quoted(path)}`,
      )
    designs.push(await readUserDesign(context, catalogue, path))
  }
  const twice = designs.find(({ design }, n) => designs.findIndex((d) => d.design.id === design.id) !== n)
  if (twice !== undefined)
    throw new UsageError(`${quotedPath(twice.file)}: id: two design files have the id "${twice.design.id}"`)
  return cellsOfFiles(catalogue, designs, scope)
}

/** @throws UsageError for options about the table that is recorded, which a design of the user's is no part of. */
function refuseWithDesign(flags: z.infer<typeof options>): void {
  for (const name of ['update', 'shard', 'baseline', 'sameGraph', 'cache'] as const) {
    const given = flags[name]
    if (given !== undefined && given !== false)
      throw new UsageError(
        `${flagOf(name)} cannot be used with --design, which is compared with what it expects`,
      )
  }
}

/** @throws UsageError where an update would hide what a run in CI is to show. */
function refuseUpdate({ env }: CommandContext, shard: string | undefined): void {
  if (env.CI === 'true' || env.CI === '1')
    throw new UsageError('--update: CI is set, and a gate that records what it finds lets everything pass')
  if (shard !== undefined)
    throw new UsageError('--update: a shard knows a part only; merge the shards, then update without --shard')
}

/** @throws UsageError where the catalogue has no baseline and none was named. */
export function baselineFile(
  { catalogue }: CommandContext,
  scope: GateScope,
  named: string | undefined,
): string {
  const file = named ?? packedBaseline(catalogue, scope)
  if (file === null) throw new UsageError('there is no baseline here; name one with --baseline')
  return file
}

/** @param mayLack whether a missing file counts as one that records nothing. @throws UsageError for a damaged file. */
export function baselineIn(file: string, mayLack: boolean): Baseline {
  if (!existsSync(file)) {
    if (mayLack) return { format: FORMAT, cells: {} }
    throw new UsageError(`there is no baseline; record one with --update: ${quotedPath(file)}`)
  }
  try {
    return readBaseline(file)
  } catch (error) {
    throw new UsageError(`${quotedPath(file)}: ${quoted((error as Error).message)}`)
  }
}

/** What was found where the search was complete, else what was recorded; cells that are gone only of a whole run. */
function updatedBaseline(
  baseline: Baseline,
  all: readonly string[],
  judged: readonly JudgedCell[],
  isWhole: boolean,
): Baseline {
  const now = Object.fromEntries(
    judged.flatMap((cell) => {
      const name = `${cell.design} in ${cell.scenario}`
      const record = recordOfJudged(cell) ?? recordedCell(baseline, name)
      return record === undefined ? [] : [[name, record]]
    }),
  )
  const known = isWhole ? all : [...new Set([...all, ...Object.keys(baseline.cells)])]
  return { format: FORMAT, cells: mergedCells(known, baseline.cells, now) }
}
