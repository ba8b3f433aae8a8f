import { ModelError } from '../../../model/language/errors.ts'
import { classesOf, drawTamperings, type Tampered, type Tampering, tampered } from '../../trace/tamper.ts'
import type { LogFile } from './log-file.ts'
import { readThrough, type Taker } from './passes.ts'
import type { TraceSettings } from './run-log.ts'
import { SliceRun } from './slice-run.ts'
import { StatesRun } from './states.ts'
import type { CountedLog, TracedModel } from './traced-model.ts'

/** Longest log that is kept in memory for its copies. */
const MOST_EVENTS = 100_000

/** A copy of a log with one change, and what noticed it: a level, a slice, or nothing. */
export interface Copy extends Tampered {
  readonly noticedBy: string | null
  /** Why nothing may notice such a change. */
  readonly unseen: string
}

/** Which copies are made. */
export interface Draw {
  /** Copies for each class of changes. */
  readonly perClass: number
  readonly seed: number
  readonly onCopy?: (made: number, of: number) => void
  readonly stop?: () => boolean
}

/**
 * Makes copies of a log that differ in one event, and says which are noticed.
 * @returns null for a log that is too long to be kept in memory.
 */
export async function tamperLog<W, E>(
  file: LogFile,
  model: TracedModel<W, E>,
  settings: TraceSettings,
  { onCopy, stop, ...draw }: Draw,
): Promise<readonly Copy[] | null> {
  const how = model.tampering
  if (how === undefined) return null
  const events: E[] = []
  await readThrough(file, model.reader(false), [
    {
      push: (event) => {
        if (events.length <= MOST_EVENTS) events.push(event)
      },
    },
  ])
  if (events.length > MOST_EVENTS) return null
  const copies: Copy[] = []
  const changes = drawTamperings(classesOf(events, how), draw)
  for (const change of changes) {
    if (stop?.() === true) break
    const noticedBy = noticed([...tampered(events, change, how)], model, settings)
    copies.push({ ...change, noticedBy, unseen: how.unseenBecause?.(change) ?? UNSEEN[change.tampering] })
    onCopy?.(copies.length, changes.length)
  }
  return copies
}

/** Why a change of a kind may not be noticed. */
const UNSEEN: Readonly<Record<Tampering, string>> = {
  drop: 'nothing in the log depends on the event',
  swap: 'nothing in the log depends on the order',
  alter: 'no property and no slice looks at the value',
  exchange: 'both orders are the same behaviour',
}

function noticed<W, E>(
  events: readonly E[],
  model: TracedModel<W, E>,
  { levels, slice: only, frontier }: TraceSettings,
): string | null {
  try {
    const census = model.census(null)
    for (const event of events) census.push(event)
    const counted = census.end()
    if (levels.has(1) && isViolated(events, model, counted)) return 'level 1'
    for (const slice of levels.has(2) ? counted.slices() : []) {
      if (only !== null && slice.id !== only) continue
      if (isRejected(events, new SliceRun(slice, frontier))) return slice.id
    }
    return null
  } catch (error) {
    if (model.isOfLog(error)) return 'first pass'
    if (error instanceof ModelError) return 'an error of the model'
    throw error
  }
}

function isRejected<W, E>(events: readonly E[], run: SliceRun<W, E>): boolean {
  take(events, run.surveying())
  run.fit(undefined)
  if (!run.isFollowed) return false
  for (const pass of [run.counting(), run.following()]) {
    take(events, pass)
    pass.end()
  }
  return run.result.result?.verdict.kind === 'rejected'
}

function isViolated<W, E>(
  events: readonly E[],
  model: TracedModel<W, E>,
  counted: CountedLog<W, E>,
): boolean {
  const replay = counted.states()
  if (typeof replay === 'string') return false
  const states = new StatesRun(model, replay, null)
  for (let n = 0; n < events.length && !states.isNoticed; n++) states.push(events[n], n + 1, '')
  states.end()
  return states.isNoticed
}

function take<E>(events: readonly E[], taker: Taker<E>): void {
  for (let n = 0; n < events.length && taker.isDone !== true; n++) taker.push(events[n], n + 1, '')
}
