import { ModelError } from '../../model/language/errors.ts'
import type { Property } from '../../model/language/property.ts'
import type { System } from '../../model/language/system.ts'
import { NOTHING_REDUCED } from '../reduce/reduction.ts'
import { breadthFirst, smallerIfTooLarge } from './breadth-first.ts'
import { FailedSearch } from './failed-search.ts'
import type { NotApplied, OneWorker } from './not-applied.ts'
import type { ModelSource } from './parallel/model.ts'
import { graphPropertyIn, parallelBreadthFirst } from './parallel/search.ts'
import { MOST_WORKERS } from './parallel/shared-memory.ts'
import type { SearchResult } from './result.ts'
import type { SearchOptions } from './search-options.ts'

/**
 * Visits every state, by several workers where that is asked for and changes no number. Verdicts do not depend on
 * the number of workers.
 * @param team how workers make the system; null where there can be none.
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

/** Why one worker makes a search whatever was asked for, or null. Sharing it must not change its numbers. */
function whyAlone(
  system: System,
  properties: readonly Property<never>[],
  { reduce, checkpoint, resume }: SearchOptions,
): OneWorker | null {
  if (checkpoint !== undefined || resume !== undefined) return { kind: 'checkpoints-of-one-worker' }
  if (reduce === 'symmetry' || reduce === 'por') return { kind: 'reduction-of-one-worker', reduce }
  if (reduce === 'all' && system.symmetric.some((sort) => sort.size > 1))
    return { kind: 'symmetry-of-one-worker' }
  const graph = graphPropertyIn(properties)
  return graph === null ? null : { kind: 'graph-of-one-worker', property: graph }
}

/** By several workers, without reduction; where `all` falls back on partial order, so does this, with one worker. */
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
    // A worker knows neither the steps to the failure nor what the others found; a search alone does.
    const alone = breadthFirst(system, properties, options)
    // It ended before it came to the failure, at a limit perhaps. What it found stands, and nothing holds.
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

/** Of an unfinished search only what was found is sure. */
function cutShort(result: SearchResult, message: string): SearchResult {
  const properties = result.properties.map((p) =>
    p.verdict === 'violated' || p.verdict === 'reached' ? p : { ...p, verdict: 'inconclusive' as const },
  )
  return { ...result, complete: false, incompleteReason: { kind: 'model-error', message }, properties }
}

/** The result with one more remark on what was not done. */
function noted(result: SearchResult, remark: NotApplied): SearchResult {
  const { reduction } = result
  return { ...result, reduction: { ...reduction, notApplied: [...reduction.notApplied, remark] } }
}
