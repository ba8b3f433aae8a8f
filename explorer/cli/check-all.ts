import type { Design } from '../../model/designs/design.ts'
import { ModelError } from '../../model/language/errors.ts'
import { LONGEST_MESSAGE, quoted } from '../../model/language/quoted.ts'
import type { System } from '../../model/language/system.ts'
import { hasCheckpoint } from '../checkpoint/index.ts'
import { NOTHING_REDUCED, type ReductionReport } from '../reduce/index.ts'
import type { StopReason } from '../search/index.ts'
import { builtSystem } from './built-systems.ts'
import { UPSTREAM } from './catalogue.ts'
import { designEffect, remarksOn } from './design-effect.ts'
import { failingSteps } from './failing-steps.ts'
import type { Cell } from './plan.ts'
import { errorInWords, notAppliedInWords, stopInWords } from './reason-words.ts'
import type { ProgressDisplay } from './report/progress.ts'
import type { CheckReport, Counterexample } from './report/report.ts'
import type { CheckOutcome, CheckRequest, ModelFailure, PropertyOutcome } from './run-check.ts'
import type { SearchListener } from './runner.ts'
import { type Checkpoints, type SearchSettings, withCheckpoint } from './search-settings.ts'
import type { Session } from './session.ts'

/** How a list of searches is made. */
export interface CheckPlan {
  readonly cells: readonly Cell[]
  readonly settings: SearchSettings
  /** Searches that run at the same time. */
  readonly atOnce: number
  /** Where each search leaves checkpoints; null for nowhere. */
  readonly checkpoints: Checkpoints | null
  /** Folder for counterexamples. */
  readonly out: string
  readonly progress: ProgressDisplay
  /** Told when counterexamples cannot be written. */
  readonly onUnwritten: (why: string) => void
}

/**
 * Makes the searches, several at a time, and gives their reports in the order of the cells. Every violation
 * is written to a file, if that is possible, and replayed in a process of its own before it is given. When the
 * session is interrupted, running searches end as incomplete and the rest is reported as never begun. A wrong model
 * is part of the report of its own check.
 * @throws UsageError or InternalError; the other searches are then ended.
 */
export async function* checkAll(session: Session, plan: CheckPlan): AsyncGenerator<CheckReport> {
  const failed = new AbortController()
  const signal = either(session.signal, failed.signal)
  const running: Promise<CheckReport>[] = []
  let next = 0
  const start = (): void => {
    const index = next++
    if (index >= plan.cells.length || failed.signal.aborted) return
    running[index] = checkOne(session, plan, plan.cells[index], signal).finally(start)
    // Awaited below in order; until then a failure must not count as unhandled.
    running[index].catch(() => failed.abort())
  }
  for (let i = 0; i < plan.atOnce; i++) start()
  try {
    for (let index = 0; index < plan.cells.length; index++) yield await running[index]
  } finally {
    failed.abort()
    await Promise.allSettled(running)
  }
}

/** Aborted as soon as one of them is. `AbortSignal.any` needs Node 20.3. */
function either(...signals: readonly AbortSignal[]): AbortSignal {
  const joined = new AbortController()
  for (const signal of signals) {
    if (signal.aborted) joined.abort()
    signal.addEventListener('abort', () => joined.abort(), { once: true })
  }
  return joined.signal
}

async function checkOne(
  session: Session,
  plan: CheckPlan,
  cell: Cell,
  signal: AbortSignal,
): Promise<CheckReport> {
  const { scenario, design, properties, unasked } = cell
  if (signal.aborted)
    return reportOf(cell, neverBegun(cell, { kind: 'not-begun' }), new Map(), {
      resume: null,
      resumedFrom: null,
    })
  const { checkpoints, progress } = plan
  const settings = checkpoints === null ? plan.settings : withCheckpoint(plan.settings, checkpoints, cell)
  const request: CheckRequest = {
    scenario: cell.own?.scenario?.data ?? scenario.id,
    design: cell.own?.design === undefined ? design.id : (design as Design<never>),
    properties: properties.map((p) => p.id),
    unasked: unasked.map((p) => p.id),
    settings,
  }
  const name = design.id === UPSTREAM ? scenario.id : `${scenario.id} with ${design.id}`
  const listener: SearchListener = {
    onProgress: (now) => progress.update(name, now),
    onUnwritten: warningsOf(
      session,
      '; the search goes on: make room there, or restart with another --checkpoint',
    ),
  }
  const outcome = await session.runner.run(request, signal, listener).catch((error: unknown) => {
    // A model that cannot be searched ends its own check; the others run.
    if (!(error instanceof ModelError)) throw error
    const message = errorInWords(error)
    return neverBegun(cell, { kind: 'model-error', message }, { message, trace: null })
  })
  progress.done(name)
  const left = settings.checkpoint?.directory
  const canGoOn = !outcome.complete && left !== undefined && hasCheckpoint(left)
  const places = {
    resume: canGoOn ? (checkpoints?.directory ?? null) : null,
    resumedFrom: settings.resume ?? null,
  }
  const givenUp = signal.aborted && !session.signal.aborted
  if (givenUp) return reportOf(cell, outcome, new Map(), places)
  const violated = outcome.properties.filter((p) => p.verdict === 'violated' && p.trace !== null)
  const kept = await session.keeper.keep(cell, violated, {
    out: plan.out,
    onUnwritten: plan.onUnwritten,
    shortest: settings.search === 'bfs' && outcome.reduction.partialOrder === null,
  })
  return reportOf(cell, outcome, kept, places)
}

/** Warns once: what cannot be written now cannot be written a little later either. */
export function warningsOf({ io }: Pick<Session, 'io'>, advice: string): (why: string) => void {
  let isTold = false
  return (why) => {
    if (!isTold) io.err(`mmucheck: warning: ${quoted(why, LONGEST_MESSAGE)}${advice}`)
    isTold = true
  }
}

function neverBegun(
  { properties, unasked }: Cell,
  incompleteReason: StopReason,
  modelError: CheckOutcome['modelError'] = null,
): CheckOutcome {
  return {
    complete: false,
    incompleteReason,
    states: 0,
    transitions: 0,
    depth: 0,
    deadlocks: 0,
    seconds: 0,
    bytesPerState: 0,
    collisionProbability: 0,
    steps: new Map(),
    properties: [...properties, ...unasked].map(
      (property): PropertyOutcome => ({
        id: property.id,
        kind: property.kind,
        asked: properties.includes(property),
        verdict: 'inconclusive',
        antecedent: 0,
        trace: null,
        reason: null,
        upTo: null,
        subject: null,
        fairness: null,
      }),
    ),
    reduction: NOTHING_REDUCED,
    workers: 0,
    selfCheck: null,
    modelError,
  }
}

function reportOf(
  { scenario, design }: Cell,
  outcome: CheckOutcome,
  kept: ReadonlyMap<string, Counterexample>,
  { resume, resumedFrom }: Pick<CheckReport, 'resume' | 'resumedFrom'>,
): CheckReport {
  const { complete, incompleteReason, states, transitions, depth, deadlocks, seconds } = outcome
  const { bytesPerState, collisionProbability, reduction, selfCheck, steps, properties, workers } = outcome
  const effect = designEffect(scenario, design)
  return {
    scenario: scenario.id,
    design: design.id,
    patches: effect.patches.map(({ patch, places, kernel }) => ({
      patch,
      places: [...places],
      kernel: [...kernel],
    })),
    withoutEffect: effect.withoutEffect,
    remarks: remarksOn(effect),
    ownSteps: [...effect.ownSteps],
    complete,
    incompleteReason: incompleteReason === null ? null : stopInWords(incompleteReason),
    states,
    visited: states + (reduction.partialOrder?.passed ?? 0),
    transitions,
    depth,
    deadlocks,
    seconds,
    bytesPerState,
    reduction: applied(reduction),
    reductionFactor: reduction.factor,
    notApplied: reduction.notApplied.map(notAppliedInWords),
    selfCheck,
    workers,
    collisionProbability,
    collisionMeasured: outcome.collisionMeasured ?? null,
    coverage: outcome.coverage ?? null,
    modelError:
      outcome.modelError === null ? null : shownFailure(builtSystem(scenario, design), outcome.modelError),
    resume,
    resumedFrom,
    steps: Object.fromEntries(steps),
    properties: properties.map(({ trace: _, fairness, ...p }) => ({
      ...p,
      fairness: fairness === null ? null : [...fairness],
      counterexample: kept.get(p.id) ?? null,
    })),
  }
}

function shownFailure(system: System, { message, trace }: ModelFailure): CheckReport['modelError'] {
  return { message, steps: trace === null ? null : failingSteps(system, trace) }
}

function applied({ symmetry, partialOrder }: ReductionReport): CheckReport['reduction'] {
  if (symmetry === null) return partialOrder === null ? 'none' : 'por'
  return partialOrder === null ? 'symmetry' : 'all'
}
