import type { ModelInstance } from './catalogue.ts'
import {
  type Comparison,
  expectedCounts,
  type Measurement,
  measurementOf,
  pairedRatios,
} from './comparison.ts'
import { searchReport } from './contestants/ours.ts'
import type { Standing } from './marks.ts'
import type { ProfileSummary } from './profile.ts'
import { type Spread, spreadOf } from './statistics.ts'

/** A profile of our search now and, if one was saved, an earlier one. */
export interface Profiled {
  readonly instance: ModelInstance
  readonly mode: string
  readonly now: ProfileSummary
  readonly before: ProfileSummary | null
}

/** All results of a benchmark run. */
export interface BenchmarkResults {
  readonly date: string
  readonly notes: readonly string[]
  readonly skipped: readonly string[]
  readonly comparisons: readonly Comparison[]
  readonly standings: readonly Standing[]
  /** Markdown written by people, put below the marks. */
  readonly remarks: string
  readonly profiles: readonly Profiled[]
}

const number = (value: number): string => value.toLocaleString('en-US')
const range = ({ median, least, most }: Spread, digits: number): string =>
  least === most
    ? median.toFixed(digits)
    : `${median.toFixed(digits)} (${least.toFixed(digits)} to ${most.toFixed(digits)})`

function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]): string => `| ${cells.join(' | ')} |`
  return [line(head), line(head.map(() => '---')), ...rows.map(line)].join('\n')
}

/** The whole report as Markdown. */
export function report({
  date,
  notes,
  skipped,
  comparisons,
  standings,
  remarks,
  profiles,
}: BenchmarkResults): string {
  const searches = comparisons.filter(({ task }) => task === 'search')
  const latencies = comparisons.filter(({ task }) => task === 'latency')
  const took = [...new Set(comparisons.flatMap((c) => c.measurements.map((m) => m.contestant)))]
  const parts = [
    '# Benchmark',
    'Written by `npm run bench`; do not edit. Every tool explores the same model: distinct states and ' +
      'transitions were equal in every run, or there would be no figures here. Times are wall times of whole ' +
      'processes; generating and compiling a SPIN or Rumur verifier is not counted. CPU times are those of ' +
      'all threads; on a machine with other work they say more. Tools take turns within each round; a ratio ' +
      'is the median of the ratios round by round (least and most in brackets). The invariant is checked by ' +
      'all; for SPIN only in the steps that could break it. A mark is met when all wall times in its row ' +
      'reach it; CPU times stand beside them.',
    `Run on ${date}:`,
    notes.map((note) => `- ${note}`).join('\n'),
    ...skipped.map((reason) => `Skipped: ${reason}.`),
    '## Marks',
    marksTable(standings),
    remarks,
    ...searches.map(comparisonSection),
    ...latencies.map(latencySection),
    ...profiles.map(profileSection),
    '## How each tool was built and run',
    took.map(({ title, flags }) => `- ${title}: \`${flags}\``).join('\n'),
  ]
  return `${parts.join('\n\n')}\n`
}

function marksTable(standings: readonly Standing[]): string {
  return table(
    ['what', 'mark', 'measured', 'met?'],
    standings.map(({ title, most, values, met }) => [
      title,
      `at most ${Number(most.toPrecision(2))}`,
      values
        .map(({ instance, figures }) => `${instance}: ${figures.map(figureText).join(', ')}`)
        .join('<br>'),
      met ? 'yes' : 'no',
    ]),
  )
}

function figureText({ of, value }: Standing['values'][number]['figures'][number]): string {
  return `${Number(value.toPrecision(2))} ${of}`
}

function comparisonSection(comparison: Comparison): string {
  const { instance, measurements } = comparison
  const groups = [false, true].flatMap((orbits) => {
    const own = measurements.filter(({ contestant }) => contestant.orbits === orbits)
    if (own.length === 0) return []
    const { states, transitions } = expectedCounts(instance, own[0].contestant)
    const base = measurementOf(comparison, orbits ? 'fingerprint-symmetry' : 'fingerprint') ?? own[0]
    const counted = orbits ? 'orbits of states' : 'states'
    return [
      `${number(states)} ${counted}, ${number(transitions)} transitions:`,
      table(
        [
          'tool',
          'runs',
          'seconds',
          'CPU s',
          `times ${base.contestant.title}`,
          'states/s',
          'peak MiB',
          'bytes/state',
        ],
        own.map((m) => comparisonRow(m, base, states)),
      ),
    ]
  })
  return [`## ${instance.title} (${instance.id})`, ...groups].join('\n\n')
}

function comparisonRow(measurement: Measurement, base: Measurement, states: number): string[] {
  const { contestant, runs } = measurement
  const seconds = spreadOf(runs.map((r) => r.seconds))
  const peak = medianOf(runs.map((r) => r.peakKiB))
  const cpu = medianOf(runs.map((r) => r.cpuSeconds))
  return [
    contestant.title,
    String(runs.length),
    range(seconds, 2),
    cpu === null ? '?' : cpu.toFixed(2),
    range(spreadOf(pairedRatios(measurement, base)), 2),
    number(Math.round(states / seconds.median)),
    peak === null ? '?' : number(Math.round(peak / 1024)),
    `${peak === null ? '?' : Math.round((peak * 1024) / states)}${ownBytes(measurement)}`,
  ]
}

function medianOf(values: readonly (number | null)[]): number | null {
  const known = values.flatMap((value) => (value === null ? [] : [value]))
  return known.length === 0 ? null : spreadOf(known).median
}

/** Bytes of the tables as our search reports them, without the runtime that is part of the peak. */
function ownBytes({ contestant, runs }: Measurement): string {
  if (contestant.tool !== 'ours') return ''
  const bytes = runs.map(({ output }) => searchReport.parse(JSON.parse(output)).bytesPerState)
  return ` (tables: ${spreadOf(bytes).median.toFixed(1)})`
}

function latencySection({ instance, measurements }: Comparison): string {
  const [base] = measurements
  return [
    `## From source to verdict: ${instance.title}`,
    'A tiny model; generating and compiling the verifier counts.',
    table(
      ['tool', 'runs', 'seconds', `times ${base.contestant.title}`],
      measurements.map((m) => [
        m.contestant.title,
        String(m.runs.length),
        range(spreadOf(m.runs.map((r) => r.seconds)), 2),
        range(spreadOf(pairedRatios(m, base)), 1),
      ]),
    ),
  ].join('\n\n')
}

/** Functions below this share of the time are not listed. */
const LEAST_SHARE = 0.01

function profileSection({ instance, mode, now, before }: Profiled): string {
  const percent = (share: number | undefined): string =>
    share === undefined ? '-' : `${(100 * share).toFixed(1)}%`
  const earlier = new Map(before?.functions.map(({ name, share }) => [name, share]))
  const current = new Map(now.functions.map(({ name, share }) => [name, share]))
  const names = [...current.keys(), ...earlier.keys()].filter(
    (name, index, all) =>
      all.indexOf(name) === index && Math.max(current.get(name) ?? 0, earlier.get(name) ?? 0) >= LEAST_SHARE,
  )
  return [
    `## Where our time goes: ${instance.id}, ${mode}`,
    `V8 CPU profile, self time: ${now.seconds.toFixed(1)} s${before === null ? '' : `, before ${before.seconds.toFixed(1)} s (another run, perhaps under another load)`}.`,
    before === null
      ? table(
          ['function', 'share'],
          names.map((n) => [n, percent(current.get(n))]),
        )
      : table(
          ['function', 'now', 'before'],
          names.map((n) => [n, percent(current.get(n)), percent(earlier.get(n))]),
        ),
  ].join('\n\n')
}
