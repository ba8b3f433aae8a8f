import type { Kvm } from '../../../model/memory/kvm.ts'
import type { Change } from '../../../model/scenarios/additions.ts'
import { CensusTaker } from '../../../model/trace/census.ts'
import { LogReader } from '../../../model/trace/log-reader.ts'
import { type FittedSlice, type Logged, observedLog, type Slice } from '../../../model/trace/slice.ts'
import { type FollowResult, follow } from '../../trace/index.ts'

/** The log that was read last. */
let latest: { readonly text: string; readonly events: readonly Logged[] } = { text: '', events: [] }

/** The events of a log in memory. */
function eventsOf(text: string): readonly Logged[] {
  if (latest.text === text) return latest.events
  const reader = new LogReader()
  const events: Logged[] = []
  for (const line of text.split('\n')) {
    const event = reader.push(line)
    if (event !== null) events.push({ event, text: line.trim() })
  }
  latest = { text, events }
  return events
}

/** A slice with the bounds of a log. @throws Error when the log has nothing of it. */
export function fitTo(slice: Slice, text: string): FittedSlice {
  const taker = new CensusTaker()
  for (const { event } of eventsOf(text)) taker.push(event)
  const survey = slice.survey(taker.census().kernel)
  for (const { event } of eventsOf(text)) survey.push(event)
  const fitted = survey.end()
  if (typeof fitted === 'string') throw new Error(fitted)
  return fitted
}

/** Follows a log in memory. */
export function followSlice(slice: Slice, text: string, design?: Change<Kvm>): Promise<FollowResult> {
  return follow(observedLog(fitTo(slice, text), () => eventsOf(text), design))
}
