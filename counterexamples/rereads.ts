import type { History } from './history.ts'
import { Simulation } from './simulation.ts'

/** A value that a thread read twice, and that another thread changed in between. */
export interface Reread {
  readonly field: number
  /** Index of the step that read it first. */
  readonly first: number
  /** Index of the step that changed it. */
  readonly write: number
  /** Index of the step that read it again. */
  readonly again: number
}

/**
 * The latest read among these steps of the design that finds another value than its thread had found before, if the
 * trace does not fail with the value found first; null if there is none.
 */
export function chooseReread(history: History, changedByDesign: readonly number[]): Reread | null {
  const simulation = new Simulation(history.replayed)
  const { states } = history.replayed
  const isCause = ({ field, first, again }: Reread): boolean =>
    ['holds', 'impossible'].includes(simulation.from(again, field, states[first][field]))
  return changedByDesign.flatMap((again) => rereadsAt(history, again)).findLast(isCause) ?? null
}

function rereadsAt({ replayed: { steps, states }, reads, changed }: History, again: number): Reread[] {
  const { thread } = steps[again]
  return [...reads[again]].flatMap((field): Reread[] => {
    const isOwn = (step: number): boolean => steps[step].thread === thread
    const earlier = steps.slice(0, again).map(({ index }) => index)
    const first = earlier.findLast((step) => isOwn(step) && reads[step].has(field))
    const write = earlier.findLast((step) => changed[step].has(field))
    if (first === undefined || write === undefined || write < first || isOwn(write)) return []
    return states[first][field] === states[again][field] ? [] : [{ field, first, write, again }]
  })
}
