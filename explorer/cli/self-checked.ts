import { contradictions } from '../reduce/index.ts'
import { FailedSearch, type PropertyResult, type SearchResult } from '../search/index.ts'
import { InternalError } from './errors.ts'

/** The full search that a reduced one was compared with. */
export interface SelfCheck {
  readonly states: number
  readonly transitions: number
  readonly seconds: number
}

/**
 * Compares a reduced search with the full one, which is run unless the search was not reduced. If the full search does
 * not finish, the result is incomplete.
 * @param name of the system, for the error.
 * @throws InternalError naming what differs; FailedSearch when model code fails in the full search, with what either
 *   search found.
 */
export async function selfChecked(
  name: string,
  result: SearchResult,
  full: () => Promise<SearchResult>,
): Promise<SearchResult & { readonly selfCheck: SelfCheck }> {
  const { symmetry, partialOrder } = result.reduction
  if (symmetry === null && partialOrder === null) {
    const { states, transitions } = result
    return { ...result, selfCheck: { states, transitions, seconds: 0 } }
  }
  const other = await full().catch((error: unknown) => {
    throw error instanceof FailedSearch ? withFound(error, result) : error
  })
  const found = contradictions(result, other)
  if (found.length > 0)
    throw new InternalError(`${name}: the reduced search differs from the full one: ${found.join('; ')}`)
  const { states, transitions, seconds, incompleteReason } = other
  const judged: SearchResult =
    incompleteReason === null
      ? result
      : {
          ...result,
          complete: false,
          incompleteReason: result.incompleteReason ?? { kind: 'self-check', full: incompleteReason },
        }
  return { ...judged, selfCheck: { states, transitions, seconds } }
}

/** Keeps the violations of the reduced search that the full one did not get to. */
function withFound({ message, trace, result }: FailedSearch, reduced: SearchResult): FailedSearch {
  const properties = result.properties.map((p, n) => {
    const before = reduced.properties[n]
    return isFound(p) || !isFound(before) ? p : before
  })
  return new FailedSearch(message, trace, { ...result, properties })
}

const isFound = ({ verdict }: Pick<PropertyResult, 'verdict'>): boolean =>
  verdict === 'violated' || verdict === 'reached'
