import type { Property } from '../../model/language/property.ts'
import type { System } from '../../model/language/system.ts'
import { isTooLarge, NOTHING_REDUCED, type Reduce, saysMore } from '../reduce/reduction.ts'
import { breadthFirst, type SearchOptions } from '../search/breadth-first.ts'
import { parallelBreadthFirst, unparallel } from '../search/parallel/search.ts'
import { MOST_WORKERS } from '../search/parallel/shared-memory.ts'
import type { Subject, SubjectSource } from '../search/parallel/subject.ts'
import type { PropertyResult, SearchResult } from '../search/result.ts'
import type { Hooks } from './run-check.ts'
import type { SearchSettings } from './search-settings.ts'

/** A search of everything, and how many workers made it. */
export interface Exhaustive<W> {
  readonly result: SearchResult<W>
  readonly workers: number
}

/**
 * Visits every state: by several workers where that is asked for and changes no number, or so that it can be
 * continued from a checkpoint, or in one go. Which way it is does not change a verdict.
 * @param team how workers make the system; null where there can be none.
 * @throws ModelError, CheckpointError, LostWorker.
 */
export async function exhaustive<W>(
  system: System<W>,
  properties: readonly Property<W>[],
  { workers = 1, search: _, checkpoint, resume, ...settings }: SearchSettings,
  hooks: Hooks,
  team: SubjectSource | null,
): Promise<Exhaustive<W>> {
  const options = { ...settings, ...hooks }
  if (checkpoint !== undefined || resume !== undefined) {
    const places = {
      ...(checkpoint === undefined ? {} : { checkpoint }),
      ...(resume === undefined ? {} : { resume }),
    }
    const result = resumable(system, properties, options, places)
    return { workers: 1, result: workers === 1 ? result : noted(result, ONE_LEAVES_CHECKPOINTS) }
  }
  if (workers > 1 && team !== null) {
    const alone = whyAlone(system, properties, settings.reduce)
    if (alone === null) {
      const most = Math.min(workers, MOST_WORKERS)
      return { workers: most, result: await shared(system, properties, options, most, team) }
    }
    return { workers: 1, result: noted(breadthFirst(system, properties, options), alone) }
  }
  return { workers: 1, result: breadthFirst(system, properties, options) }
}

const ONE_LEAVES_CHECKPOINTS = 'workers: a search that leaves checkpoints has one worker'

/** Why a search is made by one worker whatever was asked for, or null. Sharing it must not change its numbers. */
function whyAlone<W>(system: System<W>, properties: readonly Property<W>[], reduce: Reduce): string | null {
  if (reduce === 'symmetry' || reduce === 'por') return `workers: --reduce ${reduce} needs one worker`
  if (reduce === 'all' && system.symmetric.some((sort) => sort.size > 1))
    return 'workers: symmetry, which saves more, needs one worker; --reduce none takes several'
  const refused = unparallel(properties as Subject['properties'])
  return refused === null ? null : `workers: ${refused.replace(/; use --workers 1$/, '')}`
}

/** By several workers, without reduction; where `all` would help itself with partial order, so does this. */
async function shared<W>(
  system: System<W>,
  properties: readonly Property<W>[],
  { reduce, ...options }: SearchOptions & { readonly reduce: Reduce },
  workers: number,
  team: SubjectSource,
): Promise<SearchResult<W>> {
  const found = await parallelBreadthFirst(team, { ...options, workers })
  // The workers made properties of their own, equal in everything but identity.
  const result: SearchResult<W> = {
    ...found,
    reduction: { ...NOTHING_REDUCED, asked: reduce, notApplied: reduce === 'none' ? [] : [SHARED_IN_FULL] },
    properties: found.properties.map((p, n) => ({ ...p, property: properties[n] })),
  }
  if (reduce === 'none' || !isTooLarge(result)) return result
  const smaller = breadthFirst(system, properties, { ...options, reduce: 'por' })
  return saysMore(smaller) ? smaller : result
}

const SHARED_IN_FULL = 'symmetry, por: a search that several workers share is not reduced'
const CHECKPOINTS_IN_FULL = 'symmetry, por: a search that leaves checkpoints is not reduced'

/**
 * So that it can be continued. What a checkpoint cannot hold is the list of edges that progress is judged on:
 * once the search is over, a second one, which is not continued but made again, judges progress.
 */
function resumable<W>(
  system: System<W>,
  properties: readonly Property<W>[],
  { reduce, ...options }: SearchOptions & { readonly reduce: Reduce },
  places: Pick<SearchOptions, 'checkpoint' | 'resume'>,
): SearchResult<W> {
  const progress = properties.filter((p) => p.kind === 'progress')
  const others = properties.filter((p) => p.kind !== 'progress')
  const found = breadthFirst(system, others, { ...options, ...places, reduce: 'none' })
  const first = reduce === 'none' ? found : noted(found, CHECKPOINTS_IN_FULL)
  if (progress.length === 0) return first
  if (!first.complete)
    return { ...first, properties: inOrder(properties, [first.properties, progress.map(open)]) }
  // Faults end behaviours; unless they are among the properties, one would make the search incomplete.
  const asked = [...progress, ...properties.filter((p) => p.kind === 'fault')]
  const { timeLimit } = options
  const second = breadthFirst(system, asked, {
    ...options,
    ...(timeLimit === undefined ? {} : { timeLimit: Math.max(0, timeLimit - first.seconds) }),
  })
  return {
    ...first,
    complete: second.complete,
    incompleteReason: second.incompleteReason,
    seconds: first.seconds + second.seconds,
    properties: inOrder(properties, [second.properties.slice(0, progress.length), first.properties]),
  }
}

function open<W>(property: Property<W>): PropertyResult<W> {
  return { property, verdict: 'inconclusive', antecedent: 0, trace: null }
}

function inOrder<W>(
  properties: readonly Property<W>[],
  results: readonly (readonly PropertyResult<W>[])[],
): PropertyResult<W>[] {
  const all = results.flat()
  return properties.flatMap((property) => all.find((r) => r.property === property) ?? [])
}

/** The result with one more remark on what was not done. */
function noted<W>(result: SearchResult<W>, remark: string): SearchResult<W> {
  const { reduction } = result
  return { ...result, reduction: { ...reduction, notApplied: [...reduction.notApplied, remark] } }
}
