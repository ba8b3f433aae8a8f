import { EXIT } from '../exit-status.ts'
import { type LogResult, statusOf } from './run-log.ts'
import type { SliceResult } from './slice-run.ts'

/** One line per log, for runs of many. */
export function tableLines<W>(results: readonly LogResult<W>[]): string[] {
  const slices = [...new Set(results.flatMap((result) => result.slices.map(({ id }) => id)))]
  const head = ['log', 'events', 'level 1', 'events/s', ...slices.flatMap((id) => [id, 'observations/s'])]
  return aligned([head, ...results.map((result) => rowOf(result, slices))])
}

function rowOf<W>(result: LogResult<W>, slices: readonly string[]): string[] {
  const { name, counted, states, seconds } = result
  if (counted === null)
    return [name, '-', result.refused?.slice(0, 40) ?? '', ...slices.flatMap(() => ['', ''])]
  const level1 = states === null ? '' : typeof states === 'string' ? 'inconclusive' : wordOf(result)
  return [
    name,
    String(counted.events),
    level1,
    states === null ? '' : perSecond(counted.events, seconds.states),
    ...slices.flatMap((id) => sliceCells(result.slices.find((slice) => slice.id === id))),
  ]
}

function wordOf<W>(result: LogResult<W>): string {
  const { states } = result
  if (states === null || typeof states === 'string') return ''
  const violated = states.verdicts.filter(({ violatedAt }) => violatedAt !== null)
  if (violated.length > 0) return `VIOLATED ${violated.map(({ property }) => property.id).join(' ')}`
  if (states.disagreement !== null) return `DISAGREES at line ${states.disagreement.line}`
  const judged = states.verdicts.filter((verdict) => verdict.judged > 0).length
  return statusOf({ ...result, slices: [] }) === EXIT.inconclusive ? 'nothing to judge' : `${judged} hold`
}

function sliceCells(slice: SliceResult | undefined): [string, string] {
  if (slice === undefined) return ['', '']
  if (slice.result === null)
    return [slice.reason?.startsWith('not modelled') ? 'not modelled yet' : 'nothing of it', '']
  const { verdict, observations } = slice.result
  const line = verdict.kind === 'rejected' ? ` at line ${verdict.rejection.observation.line}` : ''
  return [`${verdict.kind}${line}`, perSecond(observations, slice.seconds)]
}

const perSecond = (count: number, seconds: number): string =>
  seconds > 0 ? String(Math.round(count / seconds)) : ''

/** Columns as wide as their widest cell. */
export function aligned(rows: readonly (readonly string[])[]): string[] {
  const widths = rows[0].map((_, column) => Math.max(...rows.map((row) => (row[column] ?? '').length)))
  return rows.map((row) =>
    row
      .map((cell, column) => cell.padEnd(widths[column]))
      .join('  ')
      .trimEnd(),
  )
}
