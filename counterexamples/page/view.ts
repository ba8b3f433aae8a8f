import { rowsOf, type Trace, writersOf } from './trace.ts'

/** What the right pane shows. */
export const PANES = ['picture', 'values', 'text'] as const

export type Pane = (typeof PANES)[number]

/** What a reader looks at. */
export interface View {
  /** Number of steps taken. */
  readonly at: number
  /** The variable whose writers are shown; -1 for none. */
  readonly watched: number
  /** The state that the present one is compared with; -1 for the one before it. */
  readonly marked: number
  /** Whether routine steps are shown. */
  readonly routine: boolean
  readonly pane: Pane
  /** Whether the explanation of the keys is open. */
  readonly help: boolean
  /** Whether variables that never change are shown. */
  readonly constant: boolean
}

/** The view that a page opens with. */
export const firstView = (trace: Trace, hash: string): View => ({
  at: stepIn(hash, trace) ?? trace.data.length,
  watched: -1,
  marked: -1,
  routine: false,
  pane: trace.data.picture === undefined ? 'values' : 'picture',
  help: false,
  constant: false,
})

/** The step that an address names; null if there is no such step. */
export function stepIn(hash: string, { data }: Trace): number | null {
  const wanted = /^#(\d{1,7})$/.exec(hash)
  if (wanted === null) return null
  const step = Number(wanted[1])
  return step <= data.steps.length ? step : null
}

/** The keys, and what each does; the page explains them in this order. */
export const KEYS: readonly (readonly [keys: string, meaning: string])[] = [
  ['j k', 'next and previous step; also the arrows'],
  ['J K', 'next and previous step of the same lane'],
  ['g G', 'the beginning, the last step'],
  ['w', 'back to the last step that wrote the watched value'],
  ['m', 'compare the following steps with this one; again: with the one before each'],
  ['r', 'show routine steps, or leave them out'],
  ['v', 'picture, values or text'],
  ['c', 'copy the diagram for a commit message'],
  ['?', 'these keys'],
]

/** What a key changes; undefined for a key without a meaning. */
export function press(trace: Trace, view: View, key: string): View | undefined {
  const to = (at: number): View => ({ ...view, at: within(trace, at) })
  switch (key) {
    case 'j':
    case 'ArrowDown':
      return to(neighbour(trace, view, 1))
    case 'k':
    case 'ArrowUp':
      return to(neighbour(trace, view, -1))
    case 'J':
      return to(sameLane(trace, view, 1))
    case 'K':
      return to(sameLane(trace, view, -1))
    case 'g':
    case 'Home':
      return to(0)
    case 'G':
    case 'End':
      return to(trace.data.steps.length)
    case 'w':
      return view.watched < 0 ? view : to(lastWrite(trace, view))
    case 'm':
      return { ...view, marked: view.marked < 0 ? view.at : -1 }
    case 'r':
      return { ...view, routine: !view.routine }
    case 'v':
      return { ...view, pane: PANES[(PANES.indexOf(view.pane) + 1) % PANES.length] }
    case '?':
      return { ...view, help: !view.help }
    case 'Escape':
      return view.help ? { ...view, help: false } : undefined
    default:
      return undefined
  }
}

const within = ({ data }: Trace, at: number): number => Math.max(0, Math.min(at, data.steps.length))

/** The next state in a direction whose step has a line; the beginning and the end always count. */
function neighbour(trace: Trace, { at, routine }: View, direction: 1 | -1): number {
  const shown = new Set(rowsOf(trace, routine).map(({ step }) => step + 1))
  const { length } = trace.data.steps
  for (let s = at + direction; s > 0 && s < length; s += direction) if (shown.has(s)) return s
  return at + direction < 0 || at + direction > length ? at : direction === 1 ? length : 0
}

function sameLane(trace: Trace, { at, routine }: View, direction: 1 | -1): number {
  const { steps } = trace.data
  const shown = new Set(rowsOf(trace, routine).map(({ step }) => step + 1))
  const lane = steps[Math.max(0, at - 1)]?.lane
  for (let s = at + direction; s >= 1 && s <= steps.length; s += direction)
    if (steps[s - 1].lane === lane && shown.has(s)) return s
  return at
}

const lastWrite = (trace: Trace, { at, watched }: View): number =>
  writersOf(trace, watched).findLast((s) => s < at) ?? at
