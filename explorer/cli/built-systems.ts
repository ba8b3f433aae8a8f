import type { System } from '../../model/language/system.ts'
import type { Change } from '../../model/scenarios/additions.ts'
import type { Scenario } from '../../model/scenarios/scenario.ts'

/** Most systems in the cache; each takes about 1 MiB. A check needs two: with its design and without. */
const MOST_CACHED = 8

interface CachedSystem {
  readonly scenario: unknown
  readonly key: unknown
  readonly system: unknown
}

/** Least recently used first. */
const cache: CachedSystem[] = []

/**
 * The system of a scenario with a design, from a cache. Building one takes longer than many searches, and the check
 * of a single violation needs it several times: to see whether the patches fit and what they change, to search, to
 * shrink and to show.
 * @param change a design; without one, or with one that changes nothing, the model as it is upstream.
 * @throws ModelError when a patch does not fit.
 */
export function builtSystem<W>(scenario: Scenario<W>, change?: Change<W>): System<W> {
  const key = keyOf(change)
  const at = cache.findIndex((b) => b.scenario === scenario && b.key === key)
  const [found] = at < 0 ? [] : cache.splice(at, 1)
  const system = found === undefined ? scenario.build(change) : (found.system as System<W>)
  cache.push({ scenario, key, system })
  if (cache.length > MOST_CACHED) cache.shift()
  return system
}

/** Empties the cache. */
export function forgetSystems(): void {
  cache.length = 0
}

/** The cache key. Changes without patches that add the same build the same system. */
const keyOf = <W>(change?: Change<W>): unknown =>
  change === undefined || change.patches.length === 0 ? change?.adds : change
