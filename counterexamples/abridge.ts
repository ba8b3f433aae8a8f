import { drawCanvas, type Mark } from './canvas.ts'
import { afterStep, type Causes } from './causes.ts'
import { lanesOf } from './lanes.ts'
import type { Replayed, ReplayedStep } from './replay.ts'
import { isLeftOut, rowsOf } from './rows.ts'

/** A race diagram, and what it leaves out. */
export interface Abridged {
  readonly lines: readonly string[]
  /** Number of steps that one thread takes alone before the diagram begins. */
  readonly from: number
  /** Number of steps that have rows. */
  readonly shown: number
}

/** Most lines of a diagram that shows all but routine steps. */
const MOST_LINES = 30

/** Lines of a canvas that are not rows: names of lanes, their rule, and the mark. */
const FRAME = 3

/** Fewest steps before the first context switch that are worth leaving out. */
const WORTH_FOLDING = 4

/** Draws a trace; of one that is long it leaves out as little as makes it short enough to be read. */
export function abridged(replayed: Replayed, causes: Causes, mark: Mark): Abridged {
  const from = foldable(replayed, causes)
  const choices: readonly { readonly from: number; readonly keeps: (step: ReplayedStep) => boolean }[] = [
    { from: 0, keeps: () => true },
    { from, keeps: () => true },
    { from, keeps: (step) => isAtSwitch(replayed, step) || communicates(step, causes) },
    { from, keeps: (step) => isAtSwitch(replayed, step) },
    { from, keeps: () => false },
  ]
  let drawn: Abridged | null = null
  for (const choice of choices) {
    drawn = draw(replayed, causes, mark, choice)
    if (drawn.lines.length - FRAME <= MOST_LINES) break
  }
  return drawn as Abridged
}

function draw(
  replayed: Replayed,
  causes: Causes,
  mark: Mark,
  { from, keeps }: { readonly from: number; readonly keeps: (step: ReplayedStep) => boolean },
): Abridged {
  const isCited = ({ index }: ReplayedStep): boolean => causes.labels.has(index) || causes.needed.has(index)
  const isPart = (step: ReplayedStep): boolean => step.index >= from && !isLeftOut(replayed, step, causes)
  const isShown = (step: ReplayedStep): boolean => isPart(step) && (isCited(step) || keeps(step))
  const hasRow = (step: ReplayedStep): boolean => isShown(step) || causes.labels.has(afterStep(step.index))
  const lanes = lanesOf(replayed, hasRow)
  const rows = rowsOf(replayed, lanes, causes, {
    isShown,
    isElided: (step) => isPart(step) && !isShown(step),
  })
  const lines = drawCanvas(rows, lanes, mark, replayed.counterexample.loopStart)
  return { lines, from, shown: replayed.steps.filter(isShown).length }
}

/** The steps before the first context switch and before the first one that is cited; 0 if they are few. */
function foldable({ steps, counterexample }: Replayed, causes: Causes): number {
  if (counterexample.loopStart !== null) return 0
  const end = steps.findIndex(
    ({ thread, index }) =>
      thread !== steps[0].thread ||
      causes.labels.has(index) ||
      causes.labels.has(afterStep(index)) ||
      causes.needed.has(index),
  )
  return end < WORTH_FOLDING ? 0 : end
}

/** The first and the last step of a thread's turn. */
function isAtSwitch({ steps }: Replayed, { index, thread }: ReplayedStep): boolean {
  return steps[index - 1]?.thread !== thread || steps[index + 1]?.thread !== thread
}

/** Whether the step writes a field that another thread reads later. */
function communicates({ changes }: ReplayedStep, { communicated }: Causes): boolean {
  return changes.some(({ fields }) => fields.some((f) => communicated.has(f)))
}
