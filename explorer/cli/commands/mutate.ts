import { availableParallelism } from 'node:os'
import { join } from 'node:path'
import { z } from 'zod'
import { printableJson } from '../../../model/language/quoted.ts'
import { replaceFile } from '../../checkpoint/index.ts'
import { findDesign, findScenario, UPSTREAM } from '../catalogue.ts'
import { type CommandContext, interruption } from '../command-context.ts'
import { UsageError } from '../errors.ts'
import type { Io } from '../io.ts'
import type { Mutator } from '../mutation/mutator.ts'
import { MUTATORS } from '../mutation/mutators.ts'
import { type Entry, necessityReport, type ReportFile } from '../mutation/necessity.ts'
import { raceOf } from '../mutation/race.ts'
import { type Reviewed, reviewed, staleIds, statusOf } from '../mutation/review.ts'
import { type TrialContext, type TrialOptions, tryMutants } from '../mutation/trials.ts'
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
  only: z.enum(MUTATORS.map(({ id }) => id) as [string, ...string[]]).default('drop'),
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
  const mutator = MUTATORS.find(({ id }) => id === flags.only) as Mutator
  const { surviving, noticedIn } = catalogue.mutants?.[mutator.id] ?? { surviving: [], noticedIn: {} }
  const isWhole = named.length === 0
  const progress = new ProgressDisplay(io, { quiet: flags.quiet, searches: 1 })
  const trialContext: TrialContext = {
    catalogue,
    runner,
    signal,
    onProgress: (name, now) => progress.update(name, now),
    onDone: (name) => progress.done(name),
  }
  const asked: TrialOptions = {
    mutator,
    base: findDesign(catalogue, UPSTREAM),
    scenarios,
    isWanted: (id) => flags.step.length === 0 || flags.step.some((name) => isMeant(id, name)),
    mostStates: flags.states === 'all' ? null : flags.states,
    mostScenarios: flags.scenariosPerStep === 'all' ? null : flags.scenariosPerStep,
    searchFirst: noticedIn,
    atOnce: flags.workers ?? availableParallelism(),
  }
  const trials: Reviewed[] = []
  const entries: Entry[] = []
  for await (const trial of tryMutants(trialContext, asked)) {
    const found = reviewed(trial, surviving, isWhole)
    trials.push(found)
    if (flags.out !== undefined) {
      const { evidence } = trial
      entries.push({
        trial: found,
        race: evidence === undefined ? null : raceOf(context, asked.base, evidence),
      })
    }
    if (!flags.json && !flags.quiet)
      for (const line of mutantLines(found, { width: io.width, colour: io.colour })) io.out(line)
  }
  refuseUnmeant(flags.step, trials)
  if (trials.length === 0)
    throw new UsageError(`--only ${mutator.id}: no chosen scenario has anything to change in that way`)
  const stale = isWhole && flags.step.length === 0 ? staleIds(trials, surviving) : []
  if (!flags.json && !flags.quiet)
    for (const id of stale)
      for (const line of wrapAtSpaces(`no statement is called ${id}`, io.width)) io.out(line)
  const { version } = context
  io.out(
    flags.json
      ? printableJson(
          mutationJson(
            { version, modelHash: context.modelHash(), mutator: mutator.id, design: UPSTREAM, stale },
            trials,
          ),
        )
      : mutationLine(trials, stale),
  )
  if (flags.out !== undefined) writeReport(io, flags.out, necessityReport(mutator.id, entries))
  return interruption(signal) ?? statusOf(trials, stale, flags.allowIncomplete)
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
