import { ModelError } from '../../model/language/errors.ts'
import type { Property } from '../../model/language/property.ts'
import type { System } from '../../model/language/system.ts'
import { NOTHING_REDUCED, savesTime } from '../reduce/reduction.ts'
import { breadthFirst, smallerIfTooLarge } from './breadth-first.ts'
import { FailedSearch } from './failed-search.ts'
import type { NotApplied, OneWorker } from './not-applied.ts'
import type { ModelSource } from './parallel/model.ts'
import { graphPropertyIn, parallelBreadthFirst } from './parallel/search.ts'
import { MOST_WORKERS } from './parallel/shared-memory.ts'
import type { SearchResult } from './result.ts'
import type { SearchOptions } from './search-options.ts'

/**
 * Visits every state, with several workers if they are requested and change no number of the result. Verdicts do not
 * depend on the number of workers.
 * @param team how workers build the model; null if there can be no workers.
 * @throws FailedSearch when model code fails, ModelError, CheckpointError, LostWorker.
 */
export async function exhaustive(
  system: System,
  properties: readonly Property<never>[],
  { workers = 1, ...options }: SearchOptions & { readonly workers?: number },
  team: ModelSource | null,
): Promise<SearchResult> {
  if (workers === 1 || team === null) return breadthFirst(system, properties, options)
  const alone = whyAlone(system, properties, options)
  if (alone !== null) return noted(breadthFirst(system, properties, options), alone)
  const most = Math.min(workers, MOST_WORKERS)
  return { ...(await shared(system, properties, options, most, team)), workers: most }
}

/** Why the search is done by one worker even if more are requested, or null. Sharing must not change its numbers. */
function whyAlone(
  system: System,
  properties: readonly Property<never>[],
  { reduce, checkpoint, resume }: SearchOptions,
): OneWorker | null {
  if (checkpoint !== undefined || resume !== undefined) return { kind: 'checkpoints-of-one-worker' }
  if (reduce === 'symmetry' || reduce === 'por') return { kind: 'reduction-of-one-worker', reduce }
  if (reduce === 'all' && savesTime(system)) return { kind: 'symmetry-of-one-worker' }
  const graph = graphPropertyIn(properties)
  return graph === null ? null : { kind: 'graph-of-one-worker', property: graph }
}

/**
 * Searches with several workers, without reduction. Like `all`, it retries with partial-order reduction, in one worker.
 */
async function shared(
  system: System,
  properties: readonly Property<never>[],
  { reduce = 'none', ...options }: SearchOptions,
  workers: number,
  team: ModelSource,
): Promise<SearchResult> {
  let found: SearchResult
  try {
    found = await parallelBreadthFirst(team, { ...options, workers })
  } catch (error) {
    if (!(error instanceof ModelError)) throw error
    // A worker knows neither the trace to the failure nor what the others found; a search by one worker does.
    const alone = breadthFirst(system, properties, options)
    // That search ended before it reached the failure, for example at a limit. What it found stands; nothing holds.
    throw new FailedSearch(error.message, null, cutShort(alone, error.message))
  }
  const result: SearchResult = {
    ...found,
    reduction: {
      ...NOTHING_REDUCED,
      asked: reduce,
      notApplied: reduce === 'none' ? [] : [{ kind: 'shared-in-full' }],
    },
  }
  return reduce === 'none' ? result : smallerIfTooLarge(result, system, properties, options)
}

/** Keeps only what was found: everything else in an unfinished search is inconclusive. */
function cutShort(result: SearchResult, message: string): SearchResult {
  const properties = result.properties.map((p) =>
    p.verdict === 'violated' || p.verdict === 'reached' ? p : { ...p, verdict: 'inconclusive' as const },
  )
  return { ...result, complete: false, incompleteReason: { kind: 'model-error', message }, properties }
}

/** The result with one more entry in `notApplied`. */
function noted(result: SearchResult, remark: NotApplied): SearchResult {
  const { reduction } = result
  return { ...result, reduction: { ...reduction, notApplied: [...reduction.notApplied, remark] } }
}
