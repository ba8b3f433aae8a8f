/** Searches and their results. The public part of this folder. */

export { collectGarbage } from '../state/collect-garbage.ts'
export { breadthFirst, type Progress, type SearchOptions, withTrace } from './breadth-first.ts'
export {
  type ComparedSystem,
  type ComparedSystems,
  type CostOfWays,
  compareSystems,
} from './compare/compare-systems.ts'
export type { Difference, Inclusion } from './compare/first-difference.ts'
export { exhaustive } from './exhaustive.ts'
export { FailedSearch } from './failed-search.ts'
export { goalReachableIn } from './goal-reachable.ts'
export type { Limits } from './limits.ts'
export { neverBegun } from './never-begun.ts'
export type { NotApplied } from './not-applied.ts'
export type { Model, ModelSource } from './parallel/model.ts'
export { LostWorker, parallelBreadthFirst } from './parallel/search.ts'
export { type RandomOptions, searchRandom } from './random/search-random.ts'
export { estimated, merged, StateSketch } from './random/state-sketch.ts'
export {
  type Coverage,
  type ModelFailure,
  type PropertyResult,
  propertyResult,
  SAMPLING,
  type SearchResult,
  VERDICTS,
  type Verdict,
} from './result.ts'
export type { SearchHooks, SearchSettings } from './search-options.ts'
export type { OpenReason, PreemptionsOnly, SampledOnly, StopReason } from './stop-reason.ts'
export { wayOnIn } from './way-on.ts'
