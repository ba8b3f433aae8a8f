import type { Property } from '../../../model/language/property.ts'
import type { System } from '../../../model/language/system.ts'
import type { SearchResult } from '../result.ts'
import { type SampleOptions, sample } from './sample.ts'

/**
 * Random walks: each starts in a random initial state and takes one of the enabled steps, all equally likely, at a
 * time. The result depends only on the seed, the limits other than time and memory, and the system. It never says that
 * a property holds.
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
