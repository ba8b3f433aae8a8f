import { availableParallelism } from 'node:os'
import { join } from 'node:path'
import { z } from 'zod'
import { printableJson } from '../../../model/language/quoted.ts'
import { replaceFile } from '../../checkpoint/index.ts'
import { findDesign, findScenario, type KnownMutants, UPSTREAM } from '../catalogue.ts'
import { type CommandContext, interruption } from '../command-context.ts'
import { UsageError } from '../errors.ts'
import { readBaseline } from '../gate/baseline-file.ts'
import { packedBaseline } from '../gate/gate-cells.ts'
import type { Io } from '../io.ts'
import { type Kills, killsLine, killsOf, killsReport } from '../mutation/kills.ts'
import { MUTATORS } from '../mutation/mutators.ts'
import { type Entry, necessityReport, type ReportFile } from '../mutation/necessity.ts'
import { raceOf } from '../mutation/race.ts'
import { type Reviewed, reviewed, staleIds, statusOf } from '../mutation/review.ts'
import { type Grounds, type TrialContext, type TrialOptions, tryMutants } from '../mutation/trials.ts'
import { count, readOptions } from '../options.ts'
import { mutantLines, mutationJson, mutationLine } from '../report/mutation-report.ts'
import { ProgressDisplay } from '../report/progress.ts'
import { wrapAtSpaces } from '../wrap.ts'
import { orUnwritable } from '../write-counterexample.ts'

/** Budget of a run without options: minutes on two cores. */
const MOST_STATES = 60_000
const MOST_SCENARIOS = 12

const number = (standard: number) =>
  z.union([z.literal('all'), count()], 'must be a whole number of at least 1, or "all"').default(standard)

const options = z.object({
  only: z.enum(['all', ...MUTATORS.map(({ id }) => id)]).default('drop'),
  step: z.array(z.string()).default([]),
  states: number(MOST_STATES),
  scenariosPerStep: number(MOST_SCENARIOS),
  workers: count(256).optional(),
  out: z.string().optional(),
  json: z.boolean().default(false),
  allowIncomplete: z.boolean().default(false),
  quiet: z.boolean().default(false),
})

/**
 * `mmucheck mutate`: changes upstream in one place at a time, and says which property notices.
 * @returns the exit status: 3 for a change that no property notices and for which no reason is known, or that is
 *   noticed though a reason says otherwise; 4 if the budget left one undecided.
 */
export async function mutate(
  context: CommandContext,
  names: readonly string[],
  raw: unknown,
): Promise<number> {
  const flags = readOptions(options, raw)
  const { catalogue, io, runner, signal } = context
  const named = [...new Set(names.map((name) => findScenario(catalogue, name)))]
  const scenarios = named.length > 0 ? named : catalogue.scenarios.filter(({ deep }) => deep !== true)
  const mutators = MUTATORS.filter(({ id }) => flags.only === 'all' || id === flags.only)
  const known = (id: string): KnownMutants => catalogue.mutants?.[id] ?? { surviving: [], noticedIn: {} }
  const isWhole = named.length === 0
  const progress = new ProgressDisplay(io, { quiet: flags.quiet, searches: 1 })
  const trialContext: TrialContext = {
    catalogue,
    runner,
    signal,
    onProgress: (name, now) => progress.update(name, now),
    onDone: (name) => progress.done(name),
  }
  const base = findDesign(catalogue, UPSTREAM)
  const grounds: Grounds = new Map()
  const trials: Reviewed[] = []
  const entries: Entry[] = []
  const stale: string[] = []
  for (const mutator of mutators) {
    const { surviving, noticedIn } = known(mutator.id)
    const asked: TrialOptions = {
      mutator,
      base,
      scenarios,
      isWanted: (id) => flags.step.length === 0 || flags.step.some((name) => isMeant(id, name)),
      mostStates: flags.states === 'all' ? null : flags.states,
      mostScenarios: flags.scenariosPerStep === 'all' ? null : flags.scenariosPerStep,
      searchFirst: noticedIn,
      atOnce: flags.workers ?? availableParallelism(),
      grounds,
    }
    const own: Reviewed[] = []
    for await (const trial of tryMutants(trialContext, asked)) {
      const found = reviewed(trial, surviving, isWhole)
      own.push(found)
      if (flags.out !== undefined) {
        const { evidence } = trial
        const race = evidence === undefined ? null : raceOf(context, base, evidence)
        entries.push({ trial: found, race })
      }
      if (!flags.json && !flags.quiet)
        for (const line of mutantLines(found, { width: io.width, colour: io.colour })) io.out(line)
    }
    if (isWhole && flags.step.length === 0) stale.push(...staleIds(own, surviving))
    trials.push(...own)
  }
  refuseUnmeant(flags.step, trials)
  if (trials.length === 0)
    throw new UsageError(`--only ${flags.only}: no chosen scenario has anything to change in that way`)
  if (!flags.json && !flags.quiet)
    for (const id of stale)
      for (const line of wrapAtSpaces(`no statement is called ${id}`, io.width)) io.out(line)
  const { version } = context
  const kills = recordedKills(context)
  if (kills !== null && flags.out !== undefined && !flags.json && !flags.quiet)
    for (const line of wrapAtSpaces(killsLine(kills), io.width)) io.out(line)
  io.out(
    flags.json
      ? printableJson(
          mutationJson(
            { version, modelHash: context.modelHash(), mutator: flags.only, design: UPSTREAM, stale },
            trials,
          ),
        )
      : mutationLine(trials, stale),
  )
  if (flags.out !== undefined) {
    const never = (all: readonly Kills[]): string[] => {
      const violated = new Set(all.map(({ property }) => property))
      const isJudged = ({ kind, id }: { kind: string; id: string }): boolean =>
        kind !== 'witness' && !violated.has(id)
      return catalogue.properties.filter(isJudged).map(({ id }) => id)
    }
    const properties = kills === null ? [] : [killsReport(kills, never(kills))]
    writeReport(io, flags.out, [...necessityReport(flags.only, entries), ...properties])
  }
  return interruption(signal) ?? statusOf(trials, stale, flags.allowIncomplete)
}

/** What each property notices, of the designs that are recorded as wrong; null if nothing was recorded. */
function recordedKills({ catalogue }: CommandContext): Kills[] | null {
  const path = packedBaseline(catalogue, { kernel: null, tier: 'gate' })
  return path === null ? null : killsOf(readBaseline(path))
}

/** Writes the files of a report. Without them the result still stands: then a line says what to do. */
function writeReport(io: Io, folder: string, files: readonly ReportFile[]): void {
  try {
    orUnwritable(folder, () => {
      for (const { name, text } of files) replaceFile(join(folder, name), text)
    })
  } catch (error) {
    if (!(error instanceof UsageError)) throw error
    io.err(`mmucheck: ${error.message}; run it again with --out and a folder that can be written to`)
  }
}

/** Whether a name, of the statement or of its step alone, means the mutant `STEP in FUNCTION()`. */
const isMeant = (id: string, name: string): boolean => id === name || id.startsWith(`${name} in `)

/** @throws UsageError for a step that does not exist: silence could be mistaken for "noticed". */
function refuseUnmeant(steps: readonly string[], trials: readonly Reviewed[]): void {
  const unmeant = steps.find((name) => !trials.some(({ mutant }) => isMeant(mutant.id, name)))
  if (unmeant !== undefined)
    throw new UsageError(
      `no chosen scenario has a statement "${unmeant}"; "mmucheck mutate" prints their names`,
    )
}
