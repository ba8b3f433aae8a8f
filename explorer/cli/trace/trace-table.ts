import type { LogReport } from './log-report.ts'
import type { TraceJson } from './trace-json.ts'

type LogJson = TraceJson['logs'][number]

/** One line per log, for runs of many. */
export function tableLines(reports: readonly LogReport[]): string[] {
  const logs = reports.map(({ json }) => json)
  const slices = [...new Set(logs.flatMap((log) => log.slices.map(({ id }) => id)))]
  const hasStates = logs.some(({ states }) => states !== null)
  const head = ['log', 'of', 'events', ...(hasStates ? ['level 1'] : []), ...slices]
  const rows = logs.map((log) => [
    log.log,
    log.about ?? 'not readable',
    log.refused === null ? String(log.events) : '',
    ...(hasStates ? [statesCell(log)] : []),
    ...slices.map((id) => sliceCell(log.slices.find((slice) => slice.id === id))),
  ])
  return aligned([head, ...rows], new Set([2]))
}

function statesCell({ states, refused }: LogJson): string {
  if (states === null || refused !== null) return ''
  const { inconclusive, disagreement, properties } = states
  if (inconclusive !== null) return 'inconclusive'
  const violated = properties.filter(({ violatedAt }) => violatedAt !== null)
  if (violated.length > 0) return `VIOLATED ${violated.map(({ id }) => id).join(' ')}`
  if (disagreement !== null) return `DISAGREES at line ${disagreement.line}`
  const judged = properties.filter((property) => property.judged > 0).length
  return judged === 0 ? 'nothing to judge' : `${judged} hold`
}

function sliceCell(slice: LogJson['slices'][number] | undefined): string {
  if (slice === undefined) return ''
  if (slice.verdict === 'rejected') return `REJECTED at line ${slice.line}`
  if (slice.verdict !== 'not-followed') return slice.verdict
  return slice.reason?.startsWith('not modelled') === true ? 'not modelled yet' : 'nothing of it'
}

/** Columns as wide as their widest cell. @param right the columns of numbers. */
export function aligned(
  rows: readonly (readonly string[])[],
  right: ReadonlySet<number> = new Set(),
): string[] {
  const widths = rows[0].map((_, column) => Math.max(...rows.map((row) => (row[column] ?? '').length)))
  return rows.map((row) =>
    row
      .map((cell, column) =>
        right.has(column) ? cell.padStart(widths[column]) : cell.padEnd(widths[column]),
      )
      .join('  ')
      .trimEnd(),
  )
}

/** The last line of a run. @param logs how many there are, with those that were not read any more. */
export function verdictLine(reports: readonly LogReport[], logs: number): string {
  const of = (verdict: LogJson['verdict']): LogJson[] =>
    reports.map(({ json }) => json).filter((json) => json.verdict === verdict)
  const followed = of('followed')
  const statesOnly = followed.filter(isOfStatesOnly)
  const parts = [
    [followed.length - statesOnly.length, 'followed'],
    [statesOnly.length, 'followed at level 1 only'],
    [of('rejected').length, 'rejected'],
    [of('refused').length, 'not readable'],
    [of('inconclusive').length, 'inconclusive'],
  ] as const
  const done = reports.length === logs ? '' : `interrupted after ${reports.length} of `
  return `${done}${logs} ${logs === 1 ? 'log' : 'logs'}${reports.length === 0 ? '' : ': '}${parts
    .filter(([count]) => count > 0)
    .map(([count, what]) => `${count} ${what}`)
    .join(', ')}`
}

/** Level 2 was asked for, and the model has none of the log. */
const isOfStatesOnly = ({ slices }: LogJson): boolean =>
  slices.length > 0 && slices.every(({ verdict }) => verdict === 'not-followed')
