import type { Lanes } from './lanes.ts'
import { ELISION, type Row } from './rows.ts'
import { WIDTH, wrap, wrapLines } from './text-layout.ts'

/** First column of the first lane. */
const MARGIN = 2

/** First column of the texts of numbered rows. */
const NUMBERED_MARGIN = 8

/** Distances from lane to lane, by number of lanes; the first of those at which most texts fit is taken. */
const DISTANCES: readonly (readonly number[])[] = [[0], [0], [36, 32, 28, 24], [24, 20, 16]]

/** Column in which labels end. */
const LABEL_END = 73
const LABEL_ROOM = 4

/** The mark below the last row. */
export interface Mark {
  readonly text: string
}

/** A line across all lanes, before the first row of this step or a later one. */
export interface Rule {
  readonly before: number
  readonly text: string
}

/** The rule of a loop that begins with step `start` of a behaviour of `steps` steps. */
export function loopRule(start: number | null, steps: number): Rule[] {
  if (start === null) return []
  const text = start < steps ? 'the steps below repeat forever' : 'no thread takes another step'
  return [{ before: start, text }]
}

/**
 * Places rows on the canvas: up to three lanes side by side, one row of one lane per line, so that reading order is
 * execution order. With more lanes, rows are numbered `cpu.n`, where n counts the steps of that CPU. A name is never
 * broken: only one lane is active in a row, so a text may run into the lanes to its right, and begins further left
 * where it would still not fit.
 * @param rules lines across all lanes.
 */
export function drawCanvas(
  rows: readonly Row[],
  lanes: Lanes,
  mark: Mark,
  rules: readonly Rule[] = [],
): string[] {
  const rulesAt = new Map<number, Rule[]>()
  for (const rule of rules) {
    const row = rows.findIndex(({ step }) => step >= rule.before)
    const at = row < 0 ? rows.length : row
    rulesAt.set(at, [...(rulesAt.get(at) ?? []), rule])
  }
  const columns = columnsFor(rows, lanes)
  const lines = columns === undefined ? numberedHeader(lanes) : laneHeader(lanes, columns)
  rows.forEach((row, index) => {
    const here = rulesAt.get(index) ?? []
    for (const rule of here) lines.push(ruleLine(rule))
    const isBeside = index > 0 && here.length === 0 && bothElided(rows[index - 1], row)
    if (columns === undefined) lines.push(...numberedRow(row, lanes))
    else if (isBeside) lines.push(beside(lines.pop() as string, laneRow(row, columns)[0]))
    else lines.push(...laneRow(row, columns))
  })
  for (const rule of rulesAt.get(rows.length) ?? []) lines.push(ruleLine(rule))
  const last = rows.at(-1)
  const column =
    last === undefined ? MARGIN : columns === undefined ? indentOf(last, lanes) : columns[last.lane]
  return addMark(lines, column + 2, mark)
}

/** Whether both rows stand for steps left out, of different lanes: no order is shown between them. */
const bothElided = (a: Row, b: Row): boolean => a.text === ELISION && b.text === ELISION && a.lane !== b.lane

/** Two lines with marks in different columns as one. */
function beside(a: string, b: string): string {
  return Array.from({ length: Math.max(a.length, b.length) }, (_, n) =>
    b[n] === undefined || b[n] === ' ' ? (a[n] ?? ' ') : b[n],
  ).join('')
}

/** First columns of the lanes; undefined for more lanes than fit side by side. */
function columnsFor(rows: readonly Row[], { all }: Lanes): readonly number[] | undefined {
  const distances = DISTANCES[all.length] as readonly number[] | undefined
  const choices = distances?.map((distance) => {
    const columns = all.map((_, lane) => MARGIN + lane * distance)
    return { columns, misfits: rows.reduce((sum, row) => sum + misfits(row, columns), 0) }
  })
  const fewest = Math.min(...(choices ?? []).map((choice) => choice.misfits))
  return choices?.find((choice) => choice.misfits === fewest)?.columns
}

/** Line breaks in a row, and lines that begin left of their place. */
function misfits(row: Row, columns: readonly number[]): number {
  const lines = laneRow(row, columns)
  const start = columns[row.lane] + 2 * row.level
  return lines.length - 1 + lines.filter((line) => line.search(/\S/) < start).length
}

const ruleLine = ({ text }: Rule): string => `  --- ${text} ${'-'.repeat(62 - text.length)}`

function laneHeader({ all }: Lanes, columns: readonly number[]): string[] {
  const names = all.map(({ cpu, role }, i) => {
    const room = (columns[i + 1] ?? WIDTH) - columns[i] - 2
    const full = `${cpu} (${role})`
    return full.length <= room ? full : cpu
  })
  const place = (cells: readonly string[]): string =>
    cells.reduce((line, cell, i) => line.padEnd(columns[i]) + cell, '')
  return [place(names), place(names.map((n) => '-'.repeat(n.length)))]
}

function laneRow({ lane, level, text, label }: Row, columns: readonly number[]): string[] {
  const start = columns[lane] + 2 * level
  return withLabel(placed(text, start, MARGIN, label), label)
}

/** The lines of a text that begins in column `start`; at most down to `margin`, where a name needs the room. */
function placed(text: string, start: number, margin: number, label: string | undefined): string[] {
  const room = roomFor(start + text.length, label)
  return wrapLines(text, room - start, 2, start - margin).map(
    (line) => ' '.repeat(start + line.indent) + line.text,
  )
}

/** Where a text must end: at the right edge, or before the label. */
function roomFor(end: number, label: string | undefined): number {
  if (label === undefined) return WIDTH
  // Moving the label to the right edge may save a line break.
  return end <= WIDTH - LABEL_ROOM ? WIDTH - LABEL_ROOM : LABEL_END - LABEL_ROOM
}

function numberedHeader({ all }: Lanes): string[] {
  const names = all.map(({ cpu, role }) => `${cpu} (${role})`).join(', ')
  return [...wrap(names, WIDTH - 4).map((line) => `  ${line}`), `  ${'-'.repeat(69)}`]
}

function numberedRow(row: Row, lanes: Lanes): string[] {
  const { text, label, number, lane } = row
  const start = indentOf(row, lanes)
  const tag = number === undefined ? '' : `  ${lanes.all[lane].cpu.slice(3)}.${number}`
  const [first, ...rest] = placed(text, start, NUMBERED_MARGIN, label)
  return withLabel([tag.padEnd(NUMBERED_MARGIN) + first.slice(NUMBERED_MARGIN), ...rest], label)
}

/** Numbers are in the left margin; each lane is indented a little further than the one before. */
function indentOf({ lane, level }: Row, { all }: Lanes): number {
  return NUMBERED_MARGIN + lane * Math.max(2, Math.min(4, Math.floor(24 / all.length))) + 2 * level
}

function withLabel(lines: string[], label: string | undefined): string[] {
  if (label === undefined) return lines
  const tag = `(${label})`
  const end = lines[0].length > LABEL_END - LABEL_ROOM ? WIDTH : LABEL_END
  return [lines[0].padEnd(end - tag.length) + tag, ...lines.slice(1)]
}

/** Puts the mark on a separate line below the last row, moved left if it would not fit. */
function addMark(lines: readonly string[], column: number, { text }: Mark): string[] {
  const mark = `<--- ${text}`
  return [...lines, ' '.repeat(Math.max(2, Math.min(column, WIDTH - mark.length))) + mark]
}
