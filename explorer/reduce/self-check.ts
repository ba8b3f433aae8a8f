import type { SearchResult } from '../search/result.ts'

/**
 * What a reduced search says that the full search of the same system contradicts, as sentences that name both;
 * none when the reduction did what it promises.
 *
 * Promised are: the verdicts; which properties ever had something to judge; that there are no more states; the
 * number of states that symmetry says it stands for, where the initial states are symmetric; deadlocks; and, as
 * long as no order of steps was left out, the depth and the lengths of finite traces. Of a search that did not
 * finish only what it found counts.
 */
export function contradictions(reduced: SearchResult, full: SearchResult): string[] {
  const found: string[] = []
  const compare = (what: string, ours: string | number, theirs: string | number): void => {
    if (ours !== theirs) found.push(`${what}: ${ours} in the reduced search, ${theirs} in the full one`)
  }
  const bothComplete = reduced.complete && full.complete
  const { symmetry, partialOrder } = reduced.reduction
  const keepsLengths = partialOrder === null
  for (const [n, { property, verdict, antecedent, trace }] of reduced.properties.entries()) {
    const other = full.properties[n]
    const { id } = property
    if (verdict !== 'inconclusive' && other.verdict !== 'inconclusive') compare(id, verdict, other.verdict)
    if (!bothComplete) continue
    compare(`what ${id} applies to`, someOf(antecedent), someOf(other.antecedent))
    if (!keepsLengths || trace === null || other.trace === null) continue
    if (trace.loopStart !== undefined || other.trace.loopStart !== undefined) continue
    compare(`steps to ${id}`, trace.steps.length, other.trace.steps.length)
  }
  if (!bothComplete) return found
  if (reduced.states > full.states) compare('states', reduced.states, full.states)
  if (symmetry?.closed === true && keepsLengths)
    compare('states, all names told apart', symmetry.represented, full.states)
  if (symmetry === null) compare('deadlocks', reduced.deadlocks, full.deadlocks)
  else compare('deadlocks', someOf(reduced.deadlocks), someOf(full.deadlocks))
  if (keepsLengths) compare('depth', reduced.depth, full.depth)
  return found
}

/** Symmetry counts what is the same up to names once, so that only none and some can be compared. */
const someOf = (count: number): string => (count === 0 ? 'none' : 'some')
