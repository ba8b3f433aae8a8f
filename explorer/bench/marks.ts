import { type Comparison, type Measurement, measurementOf, pairedRatios } from './comparison.ts'
import { searchReport } from './contestants/ours.ts'
import { spreadOf } from './statistics.ts'

/** A figure that is to stay at or below `most` on every model. */
interface Mark {
  readonly title: string
  readonly most: number
  /** Null when the comparison has not what it takes. */
  readonly measure: (comparison: Comparison) => number | null
}

/** Smaller models are over before the runtime has started; the marks are about searching. */
const LEAST_STATES = 100_000

/** Our time as a part of a peer's. */
function faster(title: string, ours: string, peer: string, most: number): Mark {
  return {
    title: `${title} (time / time)`,
    most,
    measure: (comparison) => both(comparison, ours, peer, (a, b) => spreadOf(pairedRatios(a, b)).median),
  }
}

function both(
  comparison: Comparison,
  ours: string,
  peer: string,
  measure: (ours: Measurement, peer: Measurement) => number,
): number | null {
  const a = measurementOf(comparison, ours)
  const b = measurementOf(comparison, peer)
  return a === undefined || b === undefined ? null : measure(a, b)
}

/** The project's goals, as far as this benchmark can tell. */
const marks: readonly Mark[] = [
  faster('fingerprints against SPIN depth-first', 'fingerprint', 'spin-dfs', 0.4),
  faster('fingerprints against SPIN breadth-first', 'fingerprint', 'spin-bfs', 0.4),
  faster('exact against SPIN depth-first', 'exact', 'spin-dfs', 0.6),
  faster('exact against SPIN breadth-first', 'exact', 'spin-bfs', 0.6),
  faster('fingerprints against Rumur', 'fingerprint', 'rumur', 0.05),
  faster('symmetry: fingerprints against Rumur', 'fingerprint-symmetry', 'rumur-symmetry', 0.05),
  {
    title: 'bytes per state, fingerprints and traces, all our tables',
    most: 24,
    measure: (comparison) => {
      const ours = measurementOf(comparison, 'fingerprint')
      return ours === undefined ? null : searchReport.parse(JSON.parse(ours.runs[0].output)).bytesPerState
    },
  },
]

/** How one mark stands: the figure on each model. */
export interface Standing {
  readonly title: string
  readonly most: number
  readonly values: readonly { readonly instance: string; readonly value: number }[]
  readonly met: boolean
}

/** The marks that the comparisons at hand say something about. */
export function standings(comparisons: readonly Comparison[]): Standing[] {
  const searches = comparisons.filter((c) => c.task === 'search' && c.instance.states >= LEAST_STATES)
  return marks.flatMap(({ title, most, measure }) => {
    const values = searches.flatMap((comparison) => {
      const value = measure(comparison)
      return value === null ? [] : [{ instance: comparison.instance.id, value }]
    })
    return values.length === 0 ? [] : [{ title, most, values, met: values.every((v) => v.value <= most) }]
  })
}
