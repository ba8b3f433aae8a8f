import { availableParallelism } from 'node:os'
import { z } from 'zod'
import { printableJson } from '../../../model/language/quoted.ts'
import { findProperty } from '../catalogue.ts'
import { type CommandContext, interruption } from '../command-context.ts'
import { goalOf } from '../diff/compare-cells.ts'
import {
  compareDesigns,
  compareResults,
  type ScenarioDiff,
  type SidesDiff,
  scenariosToCompare,
} from '../diff/compare-sides.ts'
import { diffJson } from '../diff/diff-json.ts'
import { diffStatus, diffVerdict, scenarioLines } from '../diff/diff-text.ts'
import { printKernelSteps } from '../diff/kernel-steps.ts'
import { type DesignSide, type Side, sideNamed } from '../diff/sides.ts'
import { UsageError } from '../errors.ts'
import { count, readOptions, seconds } from '../options.ts'
import { ProgressDisplay } from '../report/progress.ts'
import { wrapAtSpaces } from '../wrap.ts'

/** Most states of a graph that is compared, unless the user says otherwise: some seconds. */
const MOST_STATES = 300_000

const options = z.object({
  kernel: z.array(z.string()).default([]),
  goal: z.string().optional(),
  maxStates: count().optional(),
  timeLimit: seconds.optional(),
  memoryLimit: count().optional(),
  workers: count(256).optional(),
  json: z.boolean().default(false),
  allowIncomplete: z.boolean().default(false),
  allowVacuous: z.boolean().default(false),
  quiet: z.boolean().default(false),
})

/**
 * `mmucheck diff A B`: two designs, kernels or results side by side: verdicts, the shortest behaviour that one has and
 * the other lacks, and what it costs to get things done. `diff --kernel A B` prints the steps of two kernels.
 * @returns the exit status, see `diffStatus`.
 * @throws UsageError, InternalError.
 */
export async function diff(context: CommandContext, names: readonly string[], raw: unknown): Promise<number> {
  const flags = readOptions(options, raw)
  const { io, version, modelHash, signal } = context
  if (names.length === 0 && flags.kernel.length > 0) return printKernelSteps(context, flags.kernel)
  const [nameA, nameB, ...scenarios] = names
  if (nameB === undefined)
    throw new UsageError('diff takes two designs, kernels or result files, and scenarios after them')
  if (flags.kernel.length > 1) throw new UsageError('--kernel takes one kernel here, for both designs')
  const a = await sideNamed(context, nameA, flags.kernel[0])
  const b = await sideNamed(context, nameB, flags.kernel[0])
  const shows = !flags.json && !flags.quiet
  const found: SidesDiff = areDesigns(a, b)
    ? await designsSideBySide(context, a as DesignSide, b as DesignSide, scenarios, flags, shows)
    : compareResults(...resultsOf(a, b), scenarios)
  if (found.scenarios.length === 0 && scenarios.length > 0)
    throw new UsageError('the files have no search of these scenarios in common')
  if (shows && !areDesigns(a, b)) {
    printTitles(context, a, b)
    for (const each of found.scenarios) print(context, each)
  }
  if (shows)
    for (const [letter, only] of [
      ['A', found.onlyA],
      ['B', found.onlyB],
    ] as const)
      if (only.length > 0)
        for (const line of wrapAtSpaces(`only in ${letter}: ${only.join(', ')}`, io.width)) io.out(line)
  const exitStatus = diffStatus(found, { incomplete: flags.allowIncomplete, vacuous: flags.allowVacuous })
  const about = { version, modelHash: modelHash(), a: nameA, b: nameB, goal: flags.goal ?? null, exitStatus }
  io.out(flags.json ? printableJson(diffJson(about, found)) : diffVerdict(found))
  return interruption(signal) ?? exitStatus
}

const areDesigns = (a: Side, b: Side): boolean => a.kind === 'design' && b.kind === 'design'

/** @throws UsageError for a result and something else. */
function resultsOf(
  a: Side,
  b: Side,
): [Parameters<typeof compareResults>[0], Parameters<typeof compareResults>[1]] {
  if (a.kind === 'result' && b.kind === 'result') return [a, b]
  throw new UsageError('a result file can be compared with another result file only')
}

async function designsSideBySide(
  context: CommandContext,
  a: DesignSide,
  b: DesignSide,
  names: readonly string[],
  flags: z.infer<typeof options>,
  shows: boolean,
): Promise<SidesDiff> {
  const { catalogue, io } = context
  const scenarios = scenariosToCompare(catalogue, a, b, names)
  // Before anything is searched; `compareCells` looks it up again.
  if (flags.goal !== undefined) goalOf(findProperty(catalogue, flags.goal))
  if (shows) printTitles(context, a, b)
  const { maxStates = MOST_STATES, timeLimit, memoryLimit } = flags
  const progress = new ProgressDisplay(io, { quiet: flags.quiet, searches: 3 * scenarios.length })
  const found: ScenarioDiff[] = []
  const compared = compareDesigns(context, a, b, {
    scenarios,
    goal: flags.goal ?? null,
    limits: {
      maxStates,
      ...(timeLimit === undefined ? {} : { timeLimit }),
      ...(memoryLimit === undefined ? {} : { memoryLimit }),
    },
    atOnce: flags.workers ?? availableParallelism(),
    progress,
  })
  for await (const each of compared) {
    found.push(each)
    if (shows) print(context, each)
  }
  return { scenarios: found, onlyA: [], onlyB: [] }
}

function printTitles({ io }: Pick<CommandContext, 'io'>, a: Side, b: Side): void {
  for (const line of wrapAtSpaces(`A: ${a.title}`, io.width)) io.out(line)
  for (const line of wrapAtSpaces(`B: ${b.title}`, io.width)) io.out(line)
}

function print({ io }: Pick<CommandContext, 'io'>, diff: ScenarioDiff): void {
  io.out('')
  for (const line of scenarioLines(diff, { colour: io.colour, width: io.width })) io.out(line)
}
