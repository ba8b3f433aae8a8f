import type { Property } from '../../model/language/property.ts'
import type { System } from '../../model/language/system.ts'
import type { Trace } from '../../model/language/trace.ts'
import { type Places, placesOf } from '../checkpoint/places.ts'
import { refusedIn } from '../checkpoint/search-checkpoint.ts'
import type { Reduce } from '../reduce/reduce-option.ts'
import {
  better,
  isTooLarge,
  type Reducible,
  reductionsOf,
  STRATEGIES,
  type Strategy,
  SymmetryClaims,
  UNREDUCED,
} from '../reduce/reduction.ts'
import { AsymmetryError } from '../reduce/symmetry/asymmetry.ts'
import { BreadthFirstSearch } from './breadth-first-search.ts'
import { FailedSearch } from './failed-search.ts'
import { Judge } from './judge.ts'
import { LimitWatch } from './limits.ts'
import { withLiveness } from './liveness/with-liveness.ts'
import type { SearchResult } from './result.ts'
import type { Progress, SearchOptions } from './search-options.ts'
import type { StopReason } from './stop-reason.ts'

export type { Progress, SearchOptions }

/**
 * Visits every reachable state in order of distance from the initial states and judges the properties.
 * Violations are reported with shortest traces; of equally short ones with the least, first by initial state,
 * then by the numbers of the steps, as they are declared. The same system and properties give the same
 * result, numbers and traces in every run, with every seed and number of workers.
 * @throws FailedSearch when model code fails, with what was found until then and the steps that lead to it;
 *   ModelError when the model cannot be searched at all; CheckpointError when a checkpoint cannot be used or written.
 */
export function breadthFirst<W>(
  system: System<W>,
  properties: readonly Property<W>[],
  options: SearchOptions = {},
): SearchResult {
  try {
    return search(system, properties, options)
  } catch (error) {
    if (!(error instanceof FailedSearch) || error.trace !== null) throw error
    throw withTrace(error as FailedSearch, system, properties, options)
  }
}

/**
 * Adds what a failed search does not know: it is made again without reduction, which leads to a failure on a
 * shortest way, and finds what comes before it.
 * @returns the failure with the way to it, unless that search ends before it gets there.
 */
export function withTrace(
  failed: FailedSearch,
  system: System,
  properties: readonly Property<never>[],
  { checkpoint: _, resume: __, onRecord: ___, ...options }: SearchOptions,
): FailedSearch {
  try {
    new BreadthFirstSearch(system, properties, options, new LimitWatch(options), UNREDUCED).run(undefined)
    return failed
  } catch (error) {
    if (!(error instanceof FailedSearch)) throw error
    const { trace, result, message } = error as FailedSearch
    const found = failed.result.properties.map((p, n) => (p.trace === null ? result.properties[n] : p))
    return new FailedSearch(message, trace, { ...failed.result, properties: found })
  }
}

function search(
  system: System,
  properties: readonly Property<never>[],
  options: SearchOptions,
): SearchResult {
  const { reduce = 'none' } = options
  const asked: Asked = {
    subject: { system, properties, predicates: Judge.questions(properties) },
    options,
    reduce,
    watch: new LimitWatch(options),
    claims: new SymmetryClaims(system, reduce),
  }
  const [first, ...smaller] = STRATEGIES[reduce]
  let found = searchBy(first, asked)
  for (const strategy of smaller) {
    if (!isTooLarge(found)) break
    asked.watch.beginAnother()
    found = better(found, searchBy(strategy, asked))
  }
  return withLiveness(system, properties, options, { ...found, seconds: asked.watch.seconds })
}

/** One question, for all the searches that its answer takes. */
interface Asked {
  readonly subject: Reducible
  readonly options: SearchOptions
  readonly reduce: Reduce
  readonly watch: LimitWatch
  readonly claims: SymmetryClaims
}

/**
 * Searches by one strategy, again without each sort that turns out not to be symmetric. Every strategy of an
 * interrupted run goes on by itself: a main search that a bound had ended is ended by it again, at once.
 */
function searchBy(strategy: Strategy, asked: Asked): SearchResult {
  const { options, reduce, claims } = asked
  const places = placesOf(options, strategy.stage)
  let resume = places.resume
  const before = resume === undefined ? [] : refusedIn(resume)
  // A search that took a claim for true that was refused since cannot go on.
  if (claims.areKnownTo(before)) for (const refusal of before) claims.refuse(refusal)
  else resume = undefined
  for (;;) {
    const found = attempt(strategy, asked, places, resume)
    if (!(found instanceof AsymmetryError)) return found
    // `symmetry` insists; `all` takes what is sound.
    if (reduce !== 'all') throw found
    claims.refuse({ sort: found.sort.name, why: found.message })
    resume = undefined
  }
}

/** One search; the error when a claim of symmetry turns out false on the way. */
function attempt(
  strategy: Strategy,
  { subject, options, reduce, watch, claims }: Asked,
  places: Places,
  resume: string | undefined,
): SearchResult | AsymmetryError {
  const { system, properties } = subject
  try {
    const reductions = reductionsOf(subject, reduce, strategy, claims)
    const settings = { ...options, ...places }
    return new BreadthFirstSearch(system, properties, settings, watch, reductions).run(resume)
  } catch (error) {
    if (error instanceof AsymmetryError) return error
    throw error
  }
}

/**
 * Searches again, with one thread, for what several threads have found together, until all of it is found.
 * @param sought ids of properties that are decided by a state or step, and of faults that occur.
 * @returns the traces that `breadthFirst` shows, in the order in which it finds them; and why some are missing,
 * or null.
 */
export function tracesTo(
  system: System,
  properties: readonly Property<never>[],
  sought: readonly string[],
  options: SearchOptions,
): { readonly traces: [string, Trace][]; readonly stopped: StopReason | null } {
  return new BreadthFirstSearch(system, properties, options, new LimitWatch(options), UNREDUCED).tracesTo(
    sought,
  )
}
