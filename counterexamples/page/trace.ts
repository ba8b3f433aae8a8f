import type { Box } from '../../model/language/picture.ts'
import type { LockData, RowData, TraceData } from './data.ts'

/** A trace with its states written out. State `n` is that after `n` steps. */
export interface Trace {
  readonly data: TraceData
  /** Values of the variables, by state. */
  readonly states: readonly (readonly string[])[]
  /** The boxes of the picture, by state. */
  readonly boxes: readonly (readonly Box[])[]
}

/** Undoes what makes the data of a page short. */
export function traceOf(data: TraceData): Trace {
  const states: (readonly string[])[] = [data.initial]
  const boxes: (readonly Box[])[] = [data.picture?.boxes ?? []]
  for (const step of data.steps) {
    const values = [...states[states.length - 1]]
    for (const [variable, value] of step.changes) values[variable] = value
    states.push(values)
    const last = boxes[boxes.length - 1]
    const changed = new Map(step.boxes?.map((box) => [box.id, box]))
    boxes.push(changed.size === 0 ? last : last.map((box) => changed.get(box.id) ?? box))
  }
  return { data, states, boxes }
}

/** The numbers of the steps that write a variable, from 1. */
export const writersOf = ({ data }: Trace, variable: number): number[] =>
  data.steps.flatMap((step, i) => (step.changes.some(([changed]) => changed === variable) ? [i + 1] : []))

/** The locks that are held in a state. */
export const locksAt = ({ data }: Trace, at: number): readonly LockData[] =>
  at === 0 ? [] : (data.steps[at - 1].locks ?? [])

/** The lines to show, with or without those of routine steps. */
export const rowsOf = ({ data }: Trace, routine: boolean): readonly RowData[] =>
  routine ? (data.allRows ?? data.rows) : data.rows

/** A variable that differs between two states. */
export interface Difference {
  readonly variable: number
  readonly before: string
  readonly now: string
}

/** What differs between two states, in order of declaration, without program counters. */
export function differences({ states, data }: Trace, from: number, to: number): Difference[] {
  return states[to].flatMap((now, variable) =>
    states[from][variable] === now || data.counters.includes(variable)
      ? []
      : [{ variable, before: states[from][variable], now }],
  )
}
