import { type Comparison, measurementOf, pairedRatios } from './comparison.ts'
import { spreadOf } from './statistics.ts'

/** A mark to reach: our time at most `most` of a peer's, on every model. */
interface Mark {
  readonly title: string
  readonly ours: string
  readonly peer: string
  readonly most: number
}

/** From the project's performance goals. */
const marks: readonly Mark[] = [
  { title: 'fingerprints / SPIN depth-first', ours: 'fingerprint', peer: 'spin-dfs', most: 0.4 },
  { title: 'fingerprints / SPIN breadth-first', ours: 'fingerprint', peer: 'spin-bfs', most: 0.4 },
  { title: 'exact / SPIN depth-first', ours: 'exact', peer: 'spin-dfs', most: 0.6 },
  { title: 'exact / SPIN breadth-first', ours: 'exact', peer: 'spin-bfs', most: 0.6 },
  { title: 'fingerprints / Rumur', ours: 'fingerprint', peer: 'rumur', most: 0.05 },
  {
    title: 'fingerprints, symmetry / Rumur, symmetry',
    ours: 'fingerprint-symmetry',
    peer: 'rumur-symmetry',
    most: 0.05,
  },
]

/** How one mark stands: the ratio on each model that has both sides. */
export interface Standing {
  readonly title: string
  readonly most: number
  readonly values: readonly { readonly instance: string; readonly ratio: number }[]
  readonly met: boolean
}

/** Marks about the comparisons at hand; one without any pair is left out. */
export function standings(comparisons: readonly Comparison[]): Standing[] {
  return marks.flatMap(({ title, ours, peer, most }) => {
    const values = comparisons.flatMap((comparison) => {
      const a = measurementOf(comparison, ours)
      const b = measurementOf(comparison, peer)
      if (a === undefined || b === undefined) return []
      return [{ instance: comparison.instance.id, ratio: spreadOf(pairedRatios(a, b)).median }]
    })
    return values.length === 0 ? [] : [{ title, most, values, met: values.every((v) => v.ratio <= most) }]
  })
}
