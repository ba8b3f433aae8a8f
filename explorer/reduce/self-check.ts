import type { SearchResult } from '../search/result.ts'

/**
 * Compares a reduced search with the full search of the same system. Returns one sentence per contradiction; none
 * if the reduction preserved what it must.
 *
 * It must preserve verdicts, which properties were vacuous, and whether there are deadlocks; it must not have more
 * states; the number of states that symmetry claims to represent must be right where the initial states are
 * symmetric. Without partial-order reduction the depth and the lengths of finite traces must be the same too. If a
 * search did not finish, only conclusive verdicts are compared.
 */
export function contradictions(reduced: SearchResult, full: SearchResult): string[] {
  const found: string[] = []
  const compare = (what: string, ours: string | number, theirs: string | number): void => {
    if (ours !== theirs) found.push(`${what}: ${ours} in the reduced search, ${theirs} in the full one`)
  }
  const bothComplete = reduced.complete && full.complete
  const { symmetry, partialOrder } = reduced.reduction
  const keepsLengths = partialOrder === null
  for (const [n, { id, verdict, antecedent, trace }] of reduced.properties.entries()) {
    const other = full.properties[n]
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
    compare('states, with all names distinguished', symmetry.represented, full.states)
  if (symmetry === null) compare('deadlocks', reduced.deadlocks, full.deadlocks)
  else compare('deadlocks', someOf(reduced.deadlocks), someOf(full.deadlocks))
  if (keepsLengths) compare('depth', reduced.depth, full.depth)
  return found
}

/** Symmetry counts states of one orbit once, so counts can only be compared as none or some. */
const someOf = (count: number): string => (count === 0 ? 'none' : 'some')
