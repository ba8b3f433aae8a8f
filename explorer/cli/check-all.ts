import type { Design } from '../../model/designs/design.ts'
import { ModelError } from '../../model/language/errors.ts'
import type { Property } from '../../model/language/property.ts'
import { LONGEST_MESSAGE, quoted } from '../../model/language/quoted.ts'
import { hasCheckpoint } from '../checkpoint/index.ts'
import { type ModelFailure, neverBegun, propertyResult, type StopReason } from '../search/index.ts'
import { type ResolvedProgram, resolvedPrograms } from './built-programs.ts'
import { builtSystem } from './built-systems.ts'
import { UPSTREAM } from './catalogue.ts'
import type { Cell } from './cells.ts'
import type { CommandContext } from './command-context.ts'
import { designEffect, remarksOn } from './design-effect.ts'
import { InternalError } from './errors.ts'
import { failingSteps } from './failing-steps.ts'
import { inParallel } from './in-parallel.ts'
import { NOT_MODELLED, notModelled } from './not-modelled.ts'
import { judgement, whyNothingJudged } from './nothing-judged.ts'
import { errorInWords } from './reason-words.ts'
import type { ProgressDisplay } from './report/progress.ts'
import type { CheckReport, CounterexampleReport, PropertyReport } from './report/report.ts'
import type { Checked, CheckRequest } from './run-check.ts'
import type { SearchListener } from './search-runner.ts'
import { type Checkpoints, type CheckSettings, withCheckpoint } from './search-settings.ts'

/** The searches of a run, and what they share. */
export interface CheckAllOptions {
  readonly cells: readonly Cell[]
  readonly settings: CheckSettings
  /** How many searches run in parallel. */
  readonly atOnce: number
  /** Where the searches write checkpoints; null for none. */
  readonly checkpoints: Checkpoints | null
  /** Folder for counterexamples. */
  readonly out: string
  readonly progress: ProgressDisplay
  /** Called when counterexamples cannot be written. */
  readonly onUnwritten: (why: string) => void
}

/**
 * Runs the searches, several in parallel, and yields their reports in the order of the cells. Every violation is
 * written to a file, if possible, and replayed in a fresh process before it is reported; the next search starts
 * meanwhile. On an interrupt, running searches end as incomplete and the rest are reported as not begun. An error in the
 * model ends only its own check, and is part of that report.
 * @throws UsageError or InternalError, after stopping the other searches.
 */
export async function* checkAll(
  context: CommandContext,
  options: CheckAllOptions,
): AsyncGenerator<CheckReport> {
  const failed = new AbortController()
  const signal = either(context.signal, failed.signal)
  const searches = options.cells.map((cell) => () => search(context, options, cell, signal))
  const reports = inParallel(searches, options.atOnce).map(async (found) =>
    finish(context, options, await found, signal),
  )
  // Awaited below in order; until then a failure must not count as unhandled.
  for (const report of reports) report.catch(() => failed.abort())
  try {
    for (const report of reports) yield await report
  } finally {
    failed.abort()
    await Promise.allSettled(reports)
  }
}

/** A signal that aborts when one of these does. `AbortSignal.any` needs Node 20.3. */
function either(...signals: readonly AbortSignal[]): AbortSignal {
  const joined = new AbortController()
  for (const signal of signals) {
    if (signal.aborted) joined.abort()
    signal.addEventListener('abort', () => joined.abort(), { once: true })
  }
  return joined.signal
}

/** A search that has ended. */
interface Searched {
  readonly cell: Cell
  readonly outcome: Checked
  /** Requested properties that are about what this scenario does not model. */
  readonly absent: readonly Property<unknown>[]
  readonly settings: CheckSettings
}

async function search(
  context: CommandContext,
  { settings: common, checkpoints, progress }: CheckAllOptions,
  cell: Cell,
  signal: AbortSignal,
): Promise<Searched> {
  const { scenario, design, properties, unasked, foreign } = cell
  if (signal.aborted)
    return { cell, outcome: unsearched(cell, { kind: 'not-begun' }), absent: [], settings: common }
  const absent = foreign.length === 0 ? [] : notModelled(builtSystem(scenario, design), foreign)
  const settings = checkpoints === null ? common : withCheckpoint(common, checkpoints, cell)
  const request: CheckRequest = {
    scenario: cell.files?.scenario?.data ?? scenario.id,
    design:
      cell.files?.design?.code ?? (cell.files?.design === undefined ? design.id : (design as Design<never>)),
    ...(scenario.kernel === undefined ? {} : { kernel: scenario.kernel }),
    properties: properties.filter((p) => !absent.includes(p)).map((p) => p.id),
    unasked: unasked.map((p) => p.id),
    settings,
  }
  const name = design.id === UPSTREAM ? scenario.id : `${scenario.id} with ${design.id}`
  const listener: SearchListener = {
    onProgress: (now) => progress.update(name, now),
    onUnwritten: warningsOf(
      context,
      '; the search continues without it: free some space, or restart with another --checkpoint',
    ),
  }
  const outcome = await context.runner.run(request, signal, listener).catch((error: unknown) => {
    // A model that cannot be searched ends this check only.
    if (!(error instanceof ModelError)) throw error
    const message = errorInWords(error)
    return unsearched(cell, { kind: 'model-error', message }, { message, trace: null })
  })
  progress.done(name)
  return { cell, outcome, absent, settings }
}

/** Keeps and confirms what a search found. */
async function finish(
  context: CommandContext,
  options: CheckAllOptions,
  { cell, outcome, absent, settings }: Searched,
  signal: AbortSignal,
): Promise<CheckReport> {
  const folder = settings.checkpoint?.directory
  const canResume = !outcome.complete && folder !== undefined && hasCheckpoint(folder)
  const paths = {
    resume: canResume ? (options.checkpoints?.directory ?? null) : null,
    resumedFrom: settings.resume ?? null,
  }
  const isCancelled = signal.aborted && !context.signal.aborted
  if (isCancelled) return reportOf(cell, outcome, new Map(), paths, absent)
  const violated = outcome.properties.filter((p) => p.verdict === 'violated' && p.trace !== null)
  const counterexamples = await context.writer.write(cell, violated, {
    out: options.out,
    onUnwritten: options.onUnwritten,
    shortest: settings.search === 'bfs' && outcome.reduction.partialOrder === null,
  })
  return reportOf(cell, outcome, counterexamples, paths, absent)
}

/** Warns once only: the next write will probably fail as well. */
export function warningsOf({ io }: Pick<CommandContext, 'io'>, advice: string): (why: string) => void {
  let hasWarned = false
  return (why) => {
    if (!hasWarned) io.err(`mmucheck: warning: ${quoted(why, LONGEST_MESSAGE)}${advice}`)
    hasWarned = true
  }
}

const unsearched = (cell: Cell, ...why: [StopReason, ModelFailure?]): Checked => ({
  ...neverBegun([...cell.properties, ...cell.unasked], ...why),
  selfCheck: null,
})

function reportOf(
  cell: Cell,
  found: Checked,
  counterexamples: ReadonlyMap<string, CounterexampleReport>,
  paths: Pick<CheckReport, 'resume' | 'resumedFrom'>,
  absent: readonly Property<unknown>[] = [],
): CheckReport {
  const { scenario, design } = cell
  const programs = resolvedPrograms(scenario, design)
  const effect = designEffect(scenario, design)
  const { modelError: failure } = found
  const steps = failure?.trace ? failingSteps(builtSystem(scenario, design), failure.trace) : null
  return {
    ...found,
    ...effect,
    ...paths,
    scenario: scenario.id,
    design: design.id,
    kernel: scenario.kernel ?? null,
    remarks: remarksOn(effect),
    leftOut: scenario.leavesOut ?? {},
    modelError: failure === null ? null : { ...failure, steps },
    properties: [...cell.properties, ...cell.unasked].map((property) => ({
      ...judgedIn(cell, property, programs, found, absent),
      counterexample: counterexamples.get(property.id) ?? null,
    })),
  }
}

const NOTHING_JUDGED: readonly string[] = ['vacuous', 'not-applicable', 'not-reached']

/** The verdict on one property, given whether it was requested and had anything to judge. */
function judgedIn(
  cell: Cell,
  property: Property<unknown>,
  programs: readonly ResolvedProgram<never>[],
  { properties, steps }: Checked,
  absent: readonly Property<unknown>[],
): Omit<PropertyReport, 'counterexample'> {
  const result = absent.includes(property)
    ? propertyResult(property, property.kind === 'witness' ? 'not-reached' : 'vacuous')
    : properties.find(({ id }) => id === property.id)
  if (result === undefined) throw new InternalError(`property ${property.id} was not judged`)
  const asked = cell.properties.includes(property)
  const found = judgement(property, result, asked, programs, steps)
  if (!NOTHING_JUDGED.includes(found.verdict)) return found
  const isModelled = !absent.includes(property) && containsSubjectOf(cell, property)
  const sentence = isModelled ? whyNothingJudged(property, programs) : NOT_MODELLED
  return { ...found, reason: { kind: 'nothing-judged', sentence } }
}

/** Whether the scenario contains what the property is judged for by default; also if that is not known. */
function containsSubjectOf({ scenario }: Cell, { judgedWhere }: Property<unknown>): boolean {
  return judgedWhere === undefined || scenario.contains === undefined || scenario.contains(judgedWhere)
}
