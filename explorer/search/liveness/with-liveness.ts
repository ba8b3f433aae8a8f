import { ModelError } from '../../../model/language/errors.ts'
import { isLiveness, type Property } from '../../../model/language/property.ts'
import type { System } from '../../../model/language/system.ts'
import { checkpointPathsOf } from '../../checkpoint/checkpoint-paths.ts'
import { FailedLiveness, FailedSearch } from '../failed-search.ts'
import { LimitWatch } from '../limit-watch.ts'
import { type PropertyResult, propertyResult, type SearchResult } from '../result.ts'
import { evaluateLiveness, type LivenessOptions } from './liveness.ts'

/** The options of a search that matter here. */
interface Configuration extends Omit<LivenessOptions, 'checkedFaults'> {
  readonly storage?: 'exact' | 'fingerprint'
}

/**
 * Replaces the liveness results in the result of a search. They come from a separate exploration without reduction, so
 * the search may use any. With fingerprints they are inconclusive. The time of the search counts towards the limits;
 * its memory is free again. Checkpoints lie beside those of the search.
 * @param found result of a search for all properties.
 */
export function withLiveness(
  system: System,
  properties: readonly Property<never>[],
  configuration: Configuration,
  found: SearchResult,
): SearchResult {
  const asked = properties.filter((p) => isLiveness(p))
  if (asked.length === 0) return found
  const watch = new LimitWatch(configuration, found.seconds)
  const { checkpoint: _, resume: __, ...others } = configuration
  const checkedFaults = properties.filter((p) => p.kind === 'fault').map((p) => p.id)
  const judged = (): readonly PropertyResult[] =>
    (configuration.storage ?? 'exact') === 'exact'
      ? evaluateLiveness(system, asked, {
          ...others,
          ...checkpointPathsOf(configuration, 'liveness'),
          watch,
          checkedFaults,
        })
      : asked.map((property) => ({
          ...propertyResult(property, 'inconclusive'),
          // An omitted state could hide a cycle, and a collision could make one up.
          reason: { kind: 'needs-exact-storage', of: 'liveness' },
        }))
  const merged = (results: readonly PropertyResult[]): SearchResult => ({
    ...found,
    seconds: watch.seconds,
    reduction:
      found.reduction.asked === 'none'
        ? found.reduction
        : { ...found.reduction, notApplied: [...found.reduction.notApplied, { kind: 'liveness-in-full' }] },
    properties: found.properties.map((r) => results.find(({ id }) => id === r.id) ?? r),
  })
  try {
    return merged(judged())
  } catch (error) {
    if (!(error instanceof ModelError)) throw error
    const { trace, results } = error instanceof FailedLiveness ? error : { trace: null, results: [] }
    const found: SearchResult = {
      ...merged(results),
      complete: false,
      incompleteReason: { kind: 'model-error', message: error.message },
    }
    throw new FailedSearch(error.message, trace, found, { cause: error })
  }
}
