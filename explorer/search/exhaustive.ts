import { ModelError } from '../../model/language/errors.ts'
import type { Property } from '../../model/language/property.ts'
import type { System } from '../../model/language/system.ts'
import { isTooLarge, NOTHING_REDUCED, savesTime } from '../reduce/reduction.ts'
import { breadthFirst, livenessAfter, smallerIfTooLarge } from './breadth-first.ts'
import { FailedSearch } from './failed-search.ts'
import type { NotApplied, OneWorker } from './not-applied.ts'
import type { ModelSource } from './parallel/model.ts'
import { LostWorker, parallelBreadthFirst } from './parallel/search.ts'
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
  const alone = whyAlone(system, options)
  if (alone !== null) return noted(breadthFirst(system, properties, options), alone)
  const most = Math.min(workers, MOST_WORKERS)
  return { ...(await shared(system, properties, options, most, team)), workers: most }
}

/** Why the search is done by one worker even if more are requested, or null. Sharing must not change its numbers. */
function whyAlone(system: System, { reduce, checkpoint, resume }: SearchOptions): OneWorker | null {
  if (checkpoint !== undefined || resume !== undefined) return { kind: 'checkpoints-of-one-worker' }
  if (reduce === 'symmetry' || reduce === 'por') return { kind: 'reduction-of-one-worker', reduce }
  if (reduce === 'all' && savesTime(system)) return { kind: 'symmetry-of-one-worker' }
  return null
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
  if (reduce !== 'none' && isTooLarge(result)) return smallerIfTooLarge(result, system, properties, options)
  return livenessAfter(withGraphTraces(result, system, properties, options), system, properties, {
    ...options,
    reduce,
  })
}

/**
 * Adds the traces to goals that cannot always be reached. Several workers know only that there is such a state; a search
 * by one worker finds the first one.
 * @throws LostWorker when it finds none.
 */
function withGraphTraces(
  found: SearchResult,
  system: System,
  properties: readonly Property<never>[],
  options: SearchOptions,
): SearchResult {
  const lost = found.properties.filter((p) => p.kind === 'progress' && p.verdict === 'violated')
  if (lost.length === 0) return found
  const asked = properties.filter(({ id, kind }) => kind === 'fault' || lost.some((p) => p.id === id))
  const again = breadthFirst(system, asked, options)
  const traced = found.properties.map((p) => {
    if (!lost.includes(p)) return p
    const result = again.properties.find(({ id }) => id === p.id)
    // A verdict must not depend on what only some searches find.
    if (again.complete && result?.verdict !== 'violated')
      throw new LostWorker(`what several workers found about ${p.id} was not found again by one`)
    return result?.verdict === 'violated' ? { ...p, trace: result.trace, reason: null } : p
  })
  return { ...found, properties: traced, seconds: found.seconds + again.seconds }
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
