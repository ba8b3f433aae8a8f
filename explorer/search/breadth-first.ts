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
  const { reduce = 'none' } = options
  const [first, ...smaller] = STRATEGIES[reduce]
  return answered(askedOf(system, properties, options, reduce), (asked) =>
    smallest(searchBy(first, asked), smaller, asked),
  )
}

/**
 * The result of a search that was made elsewhere, without reduction; where it was too large, of another one with
 * partial order, as `breadthFirst` makes it. The time that it took counts.
 * @throws as `breadthFirst`.
 */
export function smallerIfTooLarge(
  found: SearchResult,
  system: System,
  properties: readonly Property<never>[],
  options: SearchOptions,
): SearchResult {
  if (!isTooLarge(found)) return found
  return answered(askedOf(system, properties, options, 'por'), (asked) => {
    asked.watch.goOnFrom(found.seconds)
    return smallest(found, STRATEGIES.por, asked)
  })
}

/** Searches; a failure is thrown with the way to it, and liveness is judged in the end. */
function answered(asked: Asked, search: (asked: Asked) => SearchResult): SearchResult {
  const { options, watch } = asked
  const { system, properties } = asked.subject
  try {
    return withLiveness(system, properties, options, { ...search(asked), seconds: watch.seconds })
  } catch (error) {
    if (!(error instanceof FailedSearch) || error.trace !== null) throw error
    throw withTrace(error as FailedSearch, system, properties, options)
  }
}

/** What the first strategy that fits finds: `found`, unless it was too large, or a smaller search. */
function smallest(found: SearchResult, smaller: readonly Strategy[], asked: Asked): SearchResult {
  let best = found
  for (const strategy of smaller) {
    if (!isTooLarge(best)) break
    asked.watch.beginAnother()
    best = better(best, searchBy(strategy, asked))
  }
  return best
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

/** One question, for all the searches that its answer takes. */
interface Asked {
  readonly subject: Reducible
  readonly options: SearchOptions
  readonly reduce: Reduce
  readonly watch: LimitWatch
  readonly claims: SymmetryClaims
}

const askedOf = (
  system: System,
  properties: readonly Property<never>[],
  options: SearchOptions,
  reduce: Reduce,
): Asked => ({
  subject: { system, properties, predicates: Judge.questions(properties) },
  options,
  reduce,
  watch: new LimitWatch(options),
  claims: new SymmetryClaims(system, reduce),
})

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
