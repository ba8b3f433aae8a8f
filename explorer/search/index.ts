/** Searches and their results. What the command line, the gate and the benchmarks may use of this folder. */

export { breadthFirst, type Progress, type SearchOptions, withTrace } from './breadth-first.ts'
export { FailedSearch } from './failed-search.ts'
export { goalReachableIn } from './goal-reachable.ts'
export { type Limits, patienceAfter } from './limits.ts'
export { LostWorker, parallelBreadthFirst, unparallel } from './parallel/search.ts'
export { MOST_WORKERS } from './parallel/shared-memory.ts'
export type { Subject, SubjectSource } from './parallel/subject.ts'
export { type RandomOptions, searchRandom } from './random/search-random.ts'
export type { PropertyResult, SearchResult, Verdict } from './result.ts'
export type { OpenReason, PreemptionsOnly, SampledOnly, StopReason } from './stop-reason.ts'
