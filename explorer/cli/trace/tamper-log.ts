import { ModelError } from '../../../model/language/errors.ts'
import { follow } from '../../trace/index.ts'
import { StateMonitor } from '../../trace/state-monitor.ts'
import { classesOf, drawTamperings, type Tampered, tampered } from '../../trace/tamper.ts'
import type { LogFile } from './log-file.ts'
import { eachEvent } from './passes.ts'
import type { TraceSettings } from './run-log.ts'
import type { CountedLog, TracedModel } from './traced-model.ts'

/** Longest log that is kept in memory for its copies. */
const MOST_EVENTS = 100_000

/** A copy of a log with one change, and what noticed it: a level, a slice, or nothing. */
export interface Copy extends Tampered {
  readonly noticedBy: string | null
}

/**
 * Makes copies of a log that differ in one event, and says which are noticed.
 * @param perClass copies for each class of changes.
 * @returns null for a log that is too long to be kept in memory.
 */
export async function tamperLog<W, E>(
  file: LogFile,
  model: TracedModel<W, E>,
  settings: TraceSettings,
  { perClass, seed }: { readonly perClass: number; readonly seed: number },
): Promise<readonly Copy[] | null> {
  const how = model.tampering
  if (how === undefined) return null
  const events: E[] = []
  await eachEvent(file, model.reader(false), (event) => {
    if (events.length <= MOST_EVENTS) events.push(event)
  })
  if (events.length > MOST_EVENTS) return null
  const copies: Copy[] = []
  for (const change of drawTamperings(classesOf(events, how), { perClass, seed }))
    copies.push({ ...change, noticedBy: await noticed([...tampered(events, change, how)], model, settings) })
  return copies
}

async function noticed<W, E>(
  events: readonly E[],
  model: TracedModel<W, E>,
  { levels, slice: only, frontier }: TraceSettings,
): Promise<string | null> {
  try {
    const census = model.census(null)
    for (const event of events) census.push(event)
    const counted = census.end()
    if (levels.has(1) && isViolated(events, model, counted)) return 'level 1'
    for (const { id, survey } of levels.has(2) ? counted.slices() : []) {
      if (only !== null && id !== only) continue
      const pass = survey()
      for (const event of events) pass.push(event)
      const fitted = pass.end()
      if (typeof fitted === 'string') continue
      const { verdict } = await follow(
        fitted.observed(() => each(events)),
        { frontier },
      )
      if (verdict.kind === 'rejected') return id
    }
    return null
  } catch (error) {
    if (model.isOfLog(error)) return 'first pass'
    if (error instanceof ModelError) return 'level 1'
    throw error
  }
}

async function* each<E>(events: readonly E[]): AsyncGenerator<{ readonly event: E; readonly text: string }> {
  for (const event of events) yield { event, text: '' }
}

function isViolated<W, E>(
  events: readonly E[],
  model: TracedModel<W, E>,
  counted: CountedLog<W, E>,
): boolean {
  const replay = counted.states()
  if (typeof replay === 'string') return false
  const monitor = new StateMonitor<W>(replay.layout, replay.observed)
  const states = replay.begin({ world: monitor.world, at: monitor.at, took: (step) => monitor.took(step, 0) })
  try {
    for (const event of events) {
      states.push(event)
      if (monitor.isViolated) return true
    }
    return false
  } catch (error) {
    if (model.isDisagreement(error)) return true
    throw error
  }
}
