import type { Property } from '../../model/language/property.ts'
import type { System } from '../../model/language/system.ts'
import type { Trace } from '../../model/language/trace.ts'
import { type CheckpointPaths, checkpointPathsOf } from '../checkpoint/checkpoint-paths.ts'
import { refusedIn } from '../checkpoint/search-checkpoint.ts'
import type { Reduce } from '../reduce/reduce-option.ts'
import {
  better,
  isTooLarge,
  type Reducible,
  reductionsOf,
  type Strategy,
  SymmetryClaims,
  strategiesFor,
  UNREDUCED,
} from '../reduce/reduction.ts'
import { AsymmetryError } from '../reduce/symmetry/asymmetry.ts'
import { collectGarbage } from '../state/collect-garbage.ts'
import { BreadthFirstSearch } from './breadth-first-search.ts'
import { FailedSearch } from './failed-search.ts'
import { LimitWatch } from './limit-watch.ts'
import { withLiveness } from './liveness/with-liveness.ts'
import { PropertyMonitor } from './property-monitor.ts'
import type { SearchResult } from './result.ts'
import type { Progress, SearchOptions } from './search-options.ts'
import type { StopReason } from './stop-reason.ts'

export type { Progress, SearchOptions }

/**
 * Visits every reachable state in order of distance from the initial states, and evaluates the properties.
 * A violation is reported with a shortest trace; among equally short ones with the least, by initial state and then
 * by step numbers, in the order of declaration. The same system and properties give the same result, numbers and
 * traces in every run, with any seed and any number of workers.
 * @throws FailedSearch when model code fails, with what was found before and the steps that lead to the failure;
 *   ModelError when the model cannot be searched at all; CheckpointError when a checkpoint cannot be used or written.
 */
export function breadthFirst<W>(
  system: System<W>,
  properties: readonly Property<W>[],
  options: SearchOptions = {},
): SearchResult {
  const { reduce = 'none' } = options
  const [first, ...smaller] = strategiesFor(reduce, system)
  return withLivenessResults(callOf(system, properties, options, reduce), (call) =>
    smallest(searchBy(first, call), smaller, call),
  )
}

/**
 * Returns `found`, the result of an unreduced search, or retries with partial-order reduction if that search did not
 * fit, as `breadthFirst` does. The time of the first search counts towards the limits.
 * @throws the errors of `breadthFirst`.
 */
export function smallerIfTooLarge(
  found: SearchResult,
  system: System,
  properties: readonly Property<never>[],
  options: SearchOptions,
): SearchResult {
  if (!isTooLarge(found)) return found
  return withLivenessResults(callOf(system, properties, options, 'por'), (call) => {
    call.watch.resumeFrom(found.seconds)
    return smallest(found, strategiesFor('por', system), call)
  })
}

/**
 * Evaluates liveness after `found`, the result of an unreduced search, as `breadthFirst` does. The time of that search
 * counts towards the limits.
 * @throws the errors of `breadthFirst`.
 */
export function livenessAfter(
  found: SearchResult,
  system: System,
  properties: readonly Property<never>[],
  { reduce = 'none', ...options }: SearchOptions,
): SearchResult {
  return withLivenessResults(callOf(system, properties, options, reduce), (call) => {
    call.watch.resumeFrom(found.seconds)
    return found
  })
}

/** Searches, then evaluates liveness. A failure is thrown with the trace to it. */
function withLivenessResults(call: Call, search: (call: Call) => SearchResult): SearchResult {
  const { options, watch } = call
  const { system, properties } = call.subject
  try {
    const found = { ...search(call), seconds: watch.seconds }
    if (found.incompleteReason?.kind === 'violated') return found
    return withLiveness(system, properties, options, found)
  } catch (error) {
    if (!(error instanceof FailedSearch) || error.trace !== null) throw error
    throw withTrace(error as FailedSearch, system, properties, options)
  }
}

/** The result of the first strategy that fits: `found`, or that of a smaller search. */
function smallest(found: SearchResult, smaller: readonly Strategy[], call: Call): SearchResult {
  let best = found
  for (const strategy of smaller) {
    if (!isTooLarge(best)) break
    if (best.incompleteReason?.kind === 'memory-limit') collectGarbage()
    call.watch.startRetry()
    best = better(best, searchBy(strategy, call))
  }
  return best
}

/**
 * Adds the missing traces to a failure by searching again without reduction, which reaches the failure, and everything
 * found before it, on shortest paths.
 * @returns the failure with its trace, or unchanged if the second search ends before the failure.
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
    return new FailedSearch(message, trace, { ...failed.result, properties: found }, { cause: error })
  }
}

/** One call, for all the searches that it takes. */
interface Call {
  readonly subject: Reducible
  readonly options: SearchOptions
  readonly reduce: Reduce
  readonly watch: LimitWatch
  readonly claims: SymmetryClaims
}

const callOf = (
  system: System,
  properties: readonly Property<never>[],
  options: SearchOptions,
  reduce: Reduce,
): Call => ({
  subject: { system, properties, predicates: PropertyMonitor.predicatesOf(properties) },
  options,
  reduce,
  watch: new LimitWatch(options),
  claims: new SymmetryClaims(system, reduce),
})

/**
 * Searches with one strategy, and again without each sort that turns out not to be symmetric. Each strategy of an
 * interrupted run is resumed from its own checkpoint: a main search that a bound had ended ends again at once.
 */
function searchBy(strategy: Strategy, call: Call): SearchResult {
  const { options, reduce, claims } = call
  const paths = checkpointPathsOf(options, strategy.stage)
  let resume = paths.resume
  const before = resume === undefined ? [] : refusedIn(resume)
  // A search cannot be resumed if it relied on a claim of symmetry that was refused since.
  if (claims.areKnownTo(before)) for (const refusal of before) claims.refuse(refusal)
  else resume = undefined
  for (;;) {
    const found = attempt(strategy, call, paths, resume)
    if (!(found instanceof AsymmetryError)) return found
    // `symmetry` requires symmetry; `all` uses what is sound.
    if (reduce !== 'all') throw found
    claims.refuse({ sort: found.sort.name, why: found.message })
    resume = undefined
  }
}

/** One search, or the error if a claim of symmetry turns out to be false. */
function attempt(
  strategy: Strategy,
  { subject, options, reduce, watch, claims }: Call,
  paths: CheckpointPaths,
  resume: string | undefined,
): SearchResult | AsymmetryError {
  const { system, properties } = subject
  try {
    const reductions = reductionsOf(subject, reduce, strategy, claims)
    const settings = { ...options, ...paths }
    return new BreadthFirstSearch(system, properties, settings, watch, reductions).run(resume)
  } catch (error) {
    if (error instanceof AsymmetryError) return error
    throw error
  }
}

/**
 * Finds the traces to what several workers have found, by a search in this thread that ends when it has found the same.
 * @param sought ids of properties that a state or step decides, and of oopses that occur.
 * @returns the traces that `breadthFirst` reports, in the order in which it finds them; and why some are missing,
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
