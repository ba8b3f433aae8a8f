/** Searches and their results. What the command line, the gate and the benchmarks may use of this folder. */

export { breadthFirst, type Progress, type SearchOptions, withTrace } from './breadth-first.ts'
export { type Exhaustive, exhaustive } from './exhaustive.ts'
export { FailedSearch } from './failed-search.ts'
export { goalReachableIn } from './goal-reachable.ts'
export type { Limits } from './limits.ts'
export type { NotApplied } from './not-applied.ts'
export { LostWorker, parallelBreadthFirst } from './parallel/search.ts'
export type { Subject, SubjectSource } from './parallel/subject.ts'
export { type RandomOptions, searchRandom } from './random/search-random.ts'
export type { PropertyResult, SearchResult, Verdict } from './result.ts'
export type { OpenReason, PreemptionsOnly, SampledOnly, StopReason } from './stop-reason.ts'
