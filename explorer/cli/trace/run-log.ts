import { InputError } from '../../../counterexamples/input-file.ts'
import { ModelError } from '../../../model/language/errors.ts'
import type { ObservedLog } from '../../../model/language/observation.ts'
import type { Change } from '../../../model/scenarios/additions.ts'
import { type FollowResult, follow } from '../../trace/index.ts'
import { EXIT, worstOf } from '../exit-status.ts'
import type { LogFile } from './log-file.ts'
import { eachEvent, eventsOf } from './passes.ts'
import { judgeStates, type OnChange, type StatesResult } from './states.ts'
import type { CountedLog, FittedLog, TracedModel } from './traced-model.ts'

export interface TraceSettings {
  readonly levels: ReadonlySet<1 | 2>
  /** Only this slice. */
  readonly slice: string | null
  readonly version: string | null
  readonly frontier: number
  /** Refuse events of unknown kinds. */
  readonly strict: boolean
  readonly watch: { readonly what: string; readonly onChange: OnChange } | null
}

/** What came of one slice. `reason` says why it was not followed. */
export interface SliceResult {
  readonly id: string
  readonly about: string
  readonly reason: string | null
  /** The reason is the design, which changes what the slice leaves out. */
  readonly isUnfit: boolean
  readonly result: FollowResult | null
  readonly seconds: number
}

/** What came of one log. */
export interface LogResult<W = unknown> {
  readonly name: string
  /** Why it cannot be read or used; null if it was. */
  readonly refused: string | null
  readonly counted: CountedLog<W, unknown> | null
  /** Level 1; a sentence where there is none. Null if it was not asked for. */
  readonly states: StatesResult<W> | string | null
  readonly slices: readonly SliceResult[]
  readonly seconds: { readonly states: number }
}

/** Reads, replays and follows one log. */
export async function runLog<W, E>(
  file: LogFile,
  model: TracedModel<W, E>,
  settings: TraceSettings,
  design: Change<W> | undefined,
): Promise<LogResult<W>> {
  const nothing = { name: file.name, counted: null, states: null, slices: [], seconds: { states: 0 } }
  try {
    const counted = await count(file, model, settings)
    const begun = performance.now()
    const states = settings.levels.has(1) ? await statesOf(file, model, counted, settings) : null
    const ended = performance.now()
    const slices = settings.levels.has(2) ? await followed(file, model, counted, settings, design) : []
    const seconds = { states: (ended - begun) / 1000 }
    return { name: file.name, refused: null, counted, states, slices, seconds }
  } catch (error) {
    if (error instanceof InputError) return { ...nothing, refused: `cannot be read: ${error.message}` }
    if (model.isOfLog(error)) return { ...nothing, refused: error.message }
    throw error
  }
}

async function count<W, E>(
  file: LogFile,
  model: TracedModel<W, E>,
  { strict, version }: TraceSettings,
): Promise<CountedLog<W, E>> {
  const census = model.census(version)
  await eachEvent(file, model.reader(strict), (event) => census.push(event))
  return census.end()
}

async function statesOf<W, E>(
  file: LogFile,
  model: TracedModel<W, E>,
  counted: CountedLog<W, E>,
  { watch }: TraceSettings,
): Promise<StatesResult<W> | string> {
  const replay = counted.states()
  return typeof replay === 'string' ? replay : judgeStates(file, model, replay, watch)
}

async function followed<W, E>(
  file: LogFile,
  model: TracedModel<W, E>,
  counted: CountedLog<W, E>,
  { slice: only, frontier }: TraceSettings,
  design: Change<W> | undefined,
): Promise<SliceResult[]> {
  const results: SliceResult[] = []
  for (const { id, survey } of counted.slices()) {
    if (only !== null && id !== only) continue
    const begun = performance.now()
    const fitted = await fitTo(file, model, survey())
    const about = typeof fitted === 'string' ? '' : fitted.about
    const log = typeof fitted === 'string' ? fitted : observedWith(fitted, file, model, design)
    const reason = typeof log === 'string' ? log : null
    const result = typeof log === 'string' ? null : await follow(log, { frontier })
    const isUnfit = typeof fitted !== 'string' && result === null
    results.push({ id, about, reason, isUnfit, result, seconds: (performance.now() - begun) / 1000 })
  }
  return results
}

/** The log as a slice sees it; a sentence if the design does not fit the slice. */
function observedWith<W, E>(
  fitted: FittedLog<W, E>,
  file: LogFile,
  model: TracedModel<W, E>,
  design: Change<W> | undefined,
): ObservedLog<W> | string {
  try {
    return fitted.observed(() => eventsOf(file, model.reader(false)), design)
  } catch (error) {
    if (design === undefined || !(error instanceof ModelError)) throw error
    return `not followed: the design changes what this slice leaves out (${error.message})`
  }
}

async function fitTo<W, E>(
  file: LogFile,
  model: TracedModel<W, E>,
  survey: { push(event: E): void; end(): FittedLog<W, E> | string },
): Promise<FittedLog<W, E> | string> {
  await eachEvent(file, model.reader(false), (event) => survey.push(event))
  return survey.end()
}

/** The exit status for a log. */
export function statusOf<W>({ refused, states, slices }: LogResult<W>): number {
  if (refused !== null) return EXIT.usage
  const ofSlices = slices.map(({ result }) =>
    result === null
      ? EXIT.holds
      : { followed: EXIT.holds, rejected: EXIT.violated, inconclusive: EXIT.inconclusive }[
          result.verdict.kind
        ],
  )
  return worstOf([
    statusOfStates(states),
    ...ofSlices,
    ...(isNothingFollowed(states, slices) ? [EXIT.inconclusive] : []),
  ])
}

function statusOfStates<W>(states: LogResult<W>['states']): number {
  if (states === null) return EXIT.holds
  if (typeof states === 'string') return EXIT.inconclusive
  if (states.disagreement !== null || states.verdicts.some(({ violatedAt }) => violatedAt !== null))
    return EXIT.violated
  return states.verdicts.some(({ judged }) => judged > 0) ? EXIT.holds : EXIT.inconclusive
}

/**
 * Nothing was judged at all: only slices were asked for, and the log has none of them; or nothing of the design, which
 * level 1 does not see.
 */
const isNothingFollowed = <W>(states: LogResult<W>['states'], slices: readonly SliceResult[]): boolean =>
  slices.every(({ result }) => result === null) && (states === null || slices.some(({ isUnfit }) => isUnfit))
