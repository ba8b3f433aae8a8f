import { ModelError } from '../../../model/language/errors.ts'
import { isLiveness, type Property } from '../../../model/language/property.ts'
import type { System } from '../../../model/language/system.ts'
import { checkpointPathsOf } from '../../checkpoint/checkpoint-paths.ts'
import { FailedLiveness, FailedSearch } from '../failed-search.ts'
import { LimitWatch } from '../limits.ts'
import { type PropertyResult, propertyResult, type SearchResult } from '../result.ts'
import { evaluateLiveness, type LivenessOptions } from './liveness.ts'

/** What matters here of how a search was asked to be made. */
interface Configuration extends Omit<LivenessOptions, 'checkedFaults'> {
  readonly storage?: 'exact' | 'fingerprint'
}

/**
 * The result of a search with the verdicts on liveness put in. They come from an exploration of its own that
 * leaves nothing out, so the search may use any reduction. With states kept as fingerprints they are refused.
 * The time the search took counts; its memory is free again. Checkpoints lie beside those of the search.
 * @param found result of a search for all the properties; its verdicts on liveness are replaced.
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
          // A lost state could hide or make up a cycle.
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
