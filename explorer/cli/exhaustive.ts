import { ModelError } from '../../model/language/errors.ts'
import type { Property } from '../../model/language/property.ts'
import type { System } from '../../model/language/system.ts'
import { better, isTooLarge, NOTHING_REDUCED, type Reduce } from '../reduce/index.ts'
import {
  breadthFirst,
  FailedSearch,
  MOST_WORKERS,
  parallelBreadthFirst,
  patienceAfter,
  type SearchOptions,
  type SearchResult,
  type Subject,
  type SubjectSource,
  unparallel,
} from '../search/index.ts'
import type { Hooks } from './search-hooks.ts'
import type { SearchSettings } from './search-settings.ts'

/** A search of everything, and how many workers made it. */
export interface Exhaustive {
  readonly result: SearchResult
  readonly workers: number
}

/**
 * Visits every state, by several workers where that is asked for and changes no number. Which way it is does
 * not change a verdict.
 * @param team how workers make the system; null where there can be none.
 * @throws FailedSearch when model code fails, ModelError, CheckpointError, LostWorker.
 */
export async function exhaustive(
  system: System,
  properties: readonly Property<never>[],
  { workers = 1, search: _, ...settings }: SearchSettings,
  hooks: Hooks,
  team: SubjectSource | null,
): Promise<Exhaustive> {
  const options = { ...settings, ...hooks }
  if (workers === 1 || team === null) return { workers: 1, result: breadthFirst(system, properties, options) }
  const alone = whyAlone(system, properties, settings)
  if (alone !== null) return { workers: 1, result: noted(breadthFirst(system, properties, options), alone) }
  const most = Math.min(workers, MOST_WORKERS)
  return { workers: most, result: await shared(system, properties, options, most, team) }
}

/** Why a search is made by one worker whatever was asked for, or null. Sharing it must not change its numbers. */
function whyAlone(
  system: System,
  properties: readonly Property<never>[],
  { reduce, checkpoint, resume }: Pick<SearchSettings, 'reduce' | 'checkpoint' | 'resume'>,
): string | null {
  if (checkpoint !== undefined || resume !== undefined)
    return 'workers: a search that leaves checkpoints has one worker'
  if (reduce === 'symmetry' || reduce === 'por') return `workers: --reduce ${reduce} needs one worker`
  if (reduce === 'all' && system.symmetric.some((sort) => sort.size > 1))
    return 'workers: symmetry, which saves more, needs one worker; --reduce none takes several'
  const refused = unparallel(properties as Subject['properties'])
  return refused === null ? null : `workers: ${refused}`
}

/** By several workers, without reduction; where `all` would help itself with partial order, so does this. */
async function shared(
  system: System,
  properties: readonly Property<never>[],
  { reduce, ...options }: SearchOptions & { readonly reduce: Reduce },
  workers: number,
  team: SubjectSource,
): Promise<SearchResult> {
  let found: SearchResult
  try {
    found = await parallelBreadthFirst(team, { ...options, workers })
  } catch (error) {
    if (!(error instanceof ModelError)) throw error
    // A worker knows neither the steps to the failure nor what the others found; a search alone does.
    const alone = breadthFirst(system, properties, { ...options, reduce: 'none' })
    // It ended before it came to the failure, at a limit perhaps. What it found stands, and nothing holds.
    throw new FailedSearch(error.message, null, cutShort(alone, error.message))
  }
  // The workers made properties of their own, equal in everything but identity.
  const result: SearchResult = {
    ...found,
    reduction: { ...NOTHING_REDUCED, asked: reduce, notApplied: reduce === 'none' ? [] : [SHARED_IN_FULL] },
    properties: found.properties.map((p, n) => ({ ...p, property: properties[n] })),
  }
  if (reduce === 'none' || !isTooLarge(result)) return result
  const smaller = breadthFirst(system, properties, {
    ...options,
    reduce: 'por',
    spent: result.seconds,
    patience: patienceAfter(result.seconds),
  })
  return { ...better(result, smaller), seconds: smaller.seconds }
}

/** Of an unfinished search only what was found is sure. */
function cutShort(result: SearchResult, message: string): SearchResult {
  const properties = result.properties.map((p) =>
    p.verdict === 'violated' || p.verdict === 'reached' ? p : { ...p, verdict: 'inconclusive' as const },
  )
  return { ...result, complete: false, incompleteReason: { kind: 'model-error', message }, properties }
}

const SHARED_IN_FULL = 'symmetry, por: a search that several workers share is not reduced'

/** The result with one more remark on what was not done. */
function noted(result: SearchResult, remark: string): SearchResult {
  const { reduction } = result
  return { ...result, reduction: { ...reduction, notApplied: [...reduction.notApplied, remark] } }
}
