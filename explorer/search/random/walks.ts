import type { Property } from '../../../model/language/property.ts'
import type { System } from '../../../model/language/system.ts'
import type { SearchResult } from '../result.ts'
import { type SampleOptions, sample } from './sample.ts'

/**
 * Random walks: from a random initial state, each time one of the enabled steps, all equally likely. The result
 * depends on the seed, the limits on numbers and the system only; it never says that a property holds.
 * @throws ModelError when the model is wrong.
 */
export function randomWalks<W>(
  system: System<W>,
  properties: readonly Property<W>[],
  options: SampleOptions = {},
): SearchResult {
  return sample(system, properties, options, {
    method: 'walks',
    scheduler: () => ({
      begin: () => {},
      choose: (enabled, draws) => draws.below(enabled.count),
    }),
    bound: null,
  })
}
