import { Oops } from '../model/language/property.ts'
import { callStackOf } from './call-stack.ts'
import { afterStep, type Causes } from './causes.ts'
import type { Lanes } from './lanes.ts'
import type { Change, Replayed, ReplayedStep } from './replay.ts'

/** A line of a lane, not yet placed on the canvas. */
export interface Row {
  readonly lane: number
  /** Index of the step it belongs to. */
  readonly step: number
  /** Call level: two columns each. */
  readonly level: number
  readonly text: string
  /** Letter of the step, on its first row only. */
  readonly label?: string
  /** Position of the step among those of its lane, from 1, on its first row only. */
  readonly number?: number
}

/** A row that stands for steps left out. */
export const ELISION = ':'

/** A heading is repeated after an interruption by more than this many rows of other lanes. */
const LONG_INTERRUPTION = 12

/** Which steps have rows, and which are marked by `:` as left out; the others leave no trace. */
export interface Selection {
  readonly isShown: (step: ReplayedStep) => boolean
  readonly isElided: (step: ReplayedStep) => boolean
  /** Indices of steps before which there is a line across all lanes. */
  readonly rules?: readonly number[]
}

/**
 * The rows of a trace: one or more per step, under headings for the kernel functions they are in, callees under their
 * callers.
 */
export function rowsOf(
  replayed: Replayed,
  lanes: Lanes,
  causes: Causes,
  selection: Selection = { isShown: (step) => !isLeftOut(replayed, step, causes), isElided: () => false },
): Row[] {
  const rows: Row[] = []
  const stacks: string[][] = lanes.all.map(() => [])
  const lastRow = lanes.all.map(() => -1)
  const counts = lanes.all.map(() => 0)
  for (const step of replayed.steps) {
    const lane = lanes.of[step.index]
    if (lane < 0) continue
    const stack = stacks[lane]
    const calls = callStackOf(step.located)
    returnTo(stack, calls)
    if (selection.isElided(step)) {
      const rule = (selection.rules ?? []).findLast((before) => before <= step.index) ?? 0
      if (!isMarked(rows, lane, rule))
        rows.push({ lane, step: step.index, level: stack.length, text: ELISION })
    }
    if (!selection.isShown(step)) {
      rows.push(...droppedRows(replayed, step, causes, lane, stack))
      continue
    }
    const [text, ...extra] = stepLines(replayed, step, causes)
    const label = causes.labels.get(step.index)
    const at = { lane, step: step.index }
    const first = { ...at, text, number: ++counts[lane], ...(label === undefined ? {} : { label }) }
    const own = calls.at(-1)
    const isEntered = stack.length < calls.length
    const isCall = isEntered && own?.endsWith('()') === true && text.startsWith(own.slice(0, -1))
    const interrupted = lastRow[lane] >= 0 && rows.length - 1 - lastRow[lane] > LONG_INTERRUPTION
    if (!isEntered && interrupted && own !== undefined)
      rows.push({ ...at, level: stack.length - 1, text: `${own} ...` })
    for (const heading of calls.slice(stack.length)) {
      const level = stack.push(heading) - 1
      // A row that shows the call itself needs no heading.
      if (!isCall || level < calls.length - 1) rows.push({ ...at, level, text: heading })
    }
    rows.push({ ...first, level: isCall ? stack.length - 1 : stack.length })
    const below = rows[rows.length - 1].level + 1
    for (const line of extra) rows.push({ ...at, level: below, text: line })
    rows.push(...droppedRows(replayed, step, causes, lane, stack))
    lastRow[lane] = rows.length - 1
  }
  return joined(rows, lanes)
}

/** Whether the rows end with marks of steps left out, this lane's among them; only those of step `from` or later count. */
function isMarked(rows: readonly Row[], lane: number, from: number): boolean {
  const run = rows.slice(rows.findLastIndex(({ text, step }) => text !== ELISION || step < from) + 1)
  return run.some((row) => row.lane === lane)
}

/** The row of what the design has dropped after a step, under headings for the functions it would be called in. */
function droppedRows(
  replayed: Replayed,
  { index, thread }: ReplayedStep,
  causes: Causes,
  lane: number,
  stack: string[],
): Row[] {
  const label = causes.labels.get(afterStep(index))
  const missing = causes.dropped.find(({ after }) => after === index)
  if (label === undefined || missing === undefined) return []
  const { located } = missing
  const calls = callStackOf(located)
  const text = droppedText(replayed, { index: index + 1, thread, located })
  const own = calls.at(-1)
  const isCall = own?.endsWith('()') === true && text.startsWith(own.slice(0, -1))
  const outer = isCall ? calls.slice(0, -1) : calls
  returnTo(stack, outer)
  const at = { lane, step: index }
  const headings = outer
    .slice(stack.length)
    .map((heading) => ({ ...at, level: stack.push(heading) - 1, text: heading }))
  return [...headings, { ...at, level: stack.length, text: `[dropped: ${text}]`, label }]
}

/** Longest row that a heading is joined into with the only line below it, by number of lanes. */
const JOINED: readonly number[] = [0, 34, 34, 22]

/** A heading with a single line below it takes one row: `kvm_mmu_reload(): root.hpa = 0`. */
function joined(rows: readonly Row[], lanes: Lanes): Row[] {
  const nextInLane = (from: number): Row | undefined =>
    rows.find((r, i) => i > from && r.lane === rows[from].lane)
  const result: Row[] = []
  for (let i = 0; i < rows.length; i++) {
    const [row, below] = [rows[i], rows[i + 1] as Row | undefined]
    const isHeading = row.number === undefined && row.text !== ELISION && /(\(\)|:)$/.test(row.text)
    const alone =
      below !== undefined && below.number !== undefined && (nextInLane(i + 1)?.level ?? 0) <= row.level
    const text = below === undefined ? '' : `${row.text.replace(/:$/, '')}: ${below.text}`
    if (isHeading && alone && row.level * 2 + text.length <= (JOINED[lanes.all.length] ?? 0)) {
      result.push({ ...(below as Row), level: row.level, text })
      i++
    } else result.push(row)
  }
  return result
}

/** Pops the functions that the lane has returned from when it takes a step with this call stack. */
function returnTo(stack: string[], calls: readonly string[]): void {
  const open = stack.findIndex((heading, level) => heading !== calls[level])
  if (open >= 0) stack.length = open
}

/**
 * Routine steps (`quiet`) are left out unless the explanation refers to them, they write a field that the failure
 * depends on, or the failure needs them.
 */
export function isLeftOut({ system, states }: Replayed, step: ReplayedStep, causes: Causes): boolean {
  const { quiet } = step.located.step.about
  if (quiet === undefined || quiet === false || causes.needed.has(step.index)) return false
  if (causes.labels.has(step.index) || step.changes.some((change) => matters(change, step, causes)))
    return false
  if (quiet === true) return true
  const { world } = system.view({ read: (f) => states[step.index][f], write: () => {} })
  return quiet(world, step.thread.self)
}

/** The lines of a step: its text, or else its changes; and changes that matter and are not in the text. */
export function stepLines(replayed: Replayed, step: ReplayedStep, causes: Causes): string[] {
  const text = stepText(replayed, step)
  const assignment = ({ path, after }: Change): string => `${path} = ${after}`
  if (step.located.step.about.shows === undefined) {
    return step.changes.length === 0 ? [text] : step.changes.map(assignment)
  }
  const unmentioned = step.changes.filter(
    (change) => matters(change, step, causes) && !isMentioned(change, text),
  )
  return [text, ...unmentioned.map(assignment)]
}

/** What a step does in the state `index`, in kernel terms; the message of the oops if computing that text hits one. */
export function stepText(
  { system, states }: Replayed,
  { index, thread, located }: Pick<ReplayedStep, 'index' | 'thread' | 'located'>,
): string {
  const { shows } = located.step.about
  if (shows === undefined) return located.step.name
  if (typeof shows === 'string') return shows
  const { world } = system.view({ read: (f) => states[index][f], write: () => {} })
  try {
    return shows(world, thread.self)
  } catch (error) {
    if (error instanceof Oops) return error.message
    throw error
  }
}

/**
 * What a dropped step would have done in the state `index`; its name where the step could not have been taken, as the
 * model's text may then read what is not there.
 */
export function droppedText(
  replayed: Replayed,
  step: Pick<ReplayedStep, 'index' | 'thread' | 'located'>,
): string {
  try {
    return stepText(replayed, step)
  } catch (error) {
    if ((error as Error).name === 'ModelError') return step.located.step.name
    throw error
  }
}

/** Whether the failure or a stale read depends on the change. */
function matters({ fields }: Change, { index }: ReplayedStep, causes: Causes): boolean {
  const { decisive, undone, races, reread } = causes
  const read = [...races, ...(reread === null ? [] : [reread])]
  return (
    fields.some((f) => decisive.get(f) === index || (undone.get(f) === index && causes.labels.has(index))) ||
    read.some(({ field, write }) => write === index && fields.includes(field))
  )
}

/** Whether the text has every word of the field's last name component, such as `role.invalid = 1`. */
function isMentioned({ path }: Change, text: string): boolean {
  const own = (path.split('.').at(-1) as string).replace(/\[\d+\]/g, '')
  const lower = text.toLowerCase()
  return own
    .toLowerCase()
    .split('_')
    .every((word) => lower.includes(word))
}
