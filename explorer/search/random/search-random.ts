import { match } from 'ts-pattern'
import type { Property } from '../../../model/language/property.ts'
import type { System } from '../../../model/language/system.ts'
import type { Coverage, SearchResult } from '../result.ts'
import { fewPreemptions, type PreemptionOptions } from './preemptions.ts'
import { type PriorityOptions, randomPriorities } from './priorities.ts'
import { randomWalks } from './walks.ts'

/** How to search a system that is too large for an exhaustive search. */
export interface RandomOptions extends PriorityOptions, PreemptionOptions {
  /** Default `walks`. */
  readonly method?: Coverage['method']
}

/**
 * Searches without visiting everything: random walks, walks by random priorities, or all behaviours with few
 * preemptions. A violation found is a real one. Without one the verdict is inconclusive, and `incompleteReason` and
 * `coverage` say what was visited. The seed reproduces the search.
 * @throws ModelError when the model or an option is wrong.
 */
export function searchRandom<W>(
  system: System<W>,
  properties: readonly Property<W>[],
  options: RandomOptions = {},
): SearchResult {
  return match(options.method ?? 'walks')
    .with('walks', () => randomWalks(system, properties, options))
    .with('priorities', () => randomPriorities(system, properties, options))
    .with('preemptions', () => fewPreemptions(system, properties, options))
    .exhaustive()
}
