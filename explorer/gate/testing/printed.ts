import type { TraceEvent } from '../../../model/trace/line.ts'
import type { Logged } from '../../../model/trace/slice.ts'

/** An event without what all events have. */
export type Printed = {
  readonly tid: number
  readonly name: TraceEvent['name']
  readonly fn?: string
} & Record<string, unknown>

/** Printed events as those of a log. */
export function logged(events: readonly Printed[]): Logged[] {
  return events.map((event, n) => {
    const head = { comm: 'model', cpu: 0, depth: 0, fn: '', line: n + 1, time: n + 1 }
    return { event: { ...head, ...event } as unknown as TraceEvent, text: JSON.stringify(event) }
  })
}
