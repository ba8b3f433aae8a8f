import type { Kvm } from '../../../model/memory/kvm.ts'
import type { Change } from '../../../model/scenarios/additions.ts'
import { CensusTaker } from '../../../model/trace/census.ts'
import { LogReader } from '../../../model/trace/log-reader.ts'
import { type FittedSlice, type Logged, observedLog, type Slice } from '../../../model/trace/slice.ts'
import { type FollowResult, follow } from '../../trace/index.ts'

/** The events of a log in memory. */
export function* eventsOf(text: string): Generator<Logged> {
  const reader = new LogReader()
  for (const line of text.split('\n')) {
    const event = reader.push(line)
    if (event !== null) yield { event, text: line.trim() }
  }
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
