import { type Comparison, measurementOf, pairedCpuRatios, pairedRatios } from './comparison.ts'
import { searchReport } from './contestants/ours.ts'
import { spreadOf } from './statistics.ts'

/** A figure that must be at most `most` on every model. */
interface Mark {
  readonly title: string
  readonly most: number
  /** Empty if a contestant is missing in the comparison. */
  readonly measure: (comparison: Comparison) => readonly Figure[]
}

/** One measured figure; several of one model must all reach the mark. */
interface Figure {
  readonly of: string
  readonly value: number
  /** Shown, but not compared with the mark, which is about wall time. */
  readonly besides?: true
}

/** Least states of a model for the marks: in smaller ones, the start of the runtime dominates. */
const LEAST_STATES = 100_000

/** Our time divided by that of a peer, by wall clock and by CPU time. */
function faster(title: string, ours: string, peer: string, most: number): Mark {
  return {
    title: `${title}, time / time`,
    most,
    measure: (comparison) => {
      const a = measurementOf(comparison, ours)
      const b = measurementOf(comparison, peer)
      if (a === undefined || b === undefined) return []
      const cpu = pairedCpuRatios(a, b)
      return [
        { of: 'wall', value: spreadOf(pairedRatios(a, b)).median },
        ...(cpu.length === 0 ? [] : [{ of: 'CPU', value: spreadOf(cpu).median, besides: true as const }]),
      ]
    },
  }
}

/** The project's goals, as far as this benchmark can tell. */
const marks: readonly Mark[] = [
  faster('fingerprints against SPIN depth-first', 'fingerprint', 'spin-dfs', 0.4),
  faster('fingerprints against SPIN breadth-first', 'fingerprint', 'spin-bfs', 0.4),
  faster('exact against SPIN depth-first', 'exact', 'spin-dfs', 0.6),
  faster('exact against SPIN breadth-first', 'exact', 'spin-bfs', 0.6),
  faster('fingerprints against Rumur', 'fingerprint', 'rumur', 0.05),
  faster('symmetry: fingerprints against Rumur', 'fingerprint-symmetry', 'rumur-symmetry', 0.05),
  faster('fingerprints against hand-written C', 'fingerprint', 'c', 2),
  {
    title: 'second worker: our time with two / with one',
    most: 1 / 1.7,
    measure: (comparison) => {
      const two = measurementOf(comparison, 'fingerprint-2')
      const one = measurementOf(comparison, 'fingerprint')
      if (two === undefined || one === undefined) return []
      return [{ of: 'wall', value: spreadOf(pairedRatios(two, one)).median }]
    },
  },
  {
    title: 'bytes per state, fingerprints and traces, all our tables',
    most: 24,
    measure: (comparison) => {
      const ours = measurementOf(comparison, 'fingerprint')
      if (ours === undefined) return []
      return [{ of: 'bytes', value: searchReport.parse(JSON.parse(ours.runs[0].output)).bytesPerState }]
    },
  },
]

/** The figures for one mark on each model. It is met if all of them reach it. */
export interface Standing {
  readonly title: string
  readonly most: number
  readonly values: readonly { readonly instance: string; readonly figures: readonly Figure[] }[]
  readonly met: boolean
}

/** The marks for which the comparisons have figures. */
export function standings(comparisons: readonly Comparison[]): Standing[] {
  const searches = comparisons.filter((c) => c.task === 'search' && c.instance.states >= LEAST_STATES)
  return marks.flatMap(({ title, most, measure }) => {
    const values = searches
      .map((comparison) => ({ instance: comparison.instance.id, figures: measure(comparison) }))
      .filter(({ figures }) => figures.length > 0)
    if (values.length === 0) return []
    return [
      {
        title,
        most,
        values,
        met: values.every((v) => v.figures.every((f) => f.besides === true || f.value <= most)),
      },
    ]
  })
}
