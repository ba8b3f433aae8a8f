import type { Property } from '../../model/language/property.ts'
import type { FairnessReason, Trace } from '../../model/language/trace.ts'
import type { ReductionReport } from '../reduce/reduction.ts'
import type { OpenReason, StopReason } from './stop-reason.ts'

/**
 * What a search says of a property. Only a complete search says `holds`, `vacuous` or `not-reached`.
 *
 * - `holds`: there was something to judge, and no violation.
 * - `vacuous`: there was nothing to judge; the antecedent is true in no reachable state (or of no step).
 * - `reached`, `not-reached`: of a witness; reaching it once proves it, in a sample too.
 */
export const VERDICTS = ['holds', 'violated', 'inconclusive', 'vacuous', 'reached', 'not-reached'] as const
export type Verdict = (typeof VERDICTS)[number]

/** What a search found about one property. Plain data, as all of a result: it can be sent to another thread. */
export interface PropertyResult extends Pick<Property<never>, 'id' | 'kind'> {
  readonly verdict: Verdict
  /** How many states (or steps, for action properties) had a true antecedent. */
  readonly antecedent: number
  /** A shortest violation; for a witness, a shortest path to it. Null when there is none to show. */
  readonly trace: Trace | null
  /** Why the verdict is inconclusive, where that is not simply that the search ended early; or why there is no trace. */
  readonly reason: OpenReason | null
  /**
   * Id of a fault that occurs: behaviours end there, what would come is not known. Nothing is wrong with the
   * property as far as behaviours go; the verdict is inconclusive for that reason alone.
   */
  readonly upTo: string | null
  /** The thread for which a property that is judged for each thread is violated. */
  readonly subject: string | null
  /** For a violated liveness property: why its loop is fair. Null where fairness plays no part. */
  readonly fairness: readonly FairnessReason[] | null
}

/** The result for a property of which there is no more to say. */
export const propertyResult = (
  { id, kind }: Pick<Property<never>, 'id' | 'kind'>,
  verdict: Verdict,
  antecedent = 0,
  trace: Trace | null = null,
): PropertyResult => ({
  id,
  kind,
  verdict,
  antecedent,
  trace,
  reason: null,
  upTo: null,
  subject: null,
  fairness: null,
})

/** Ways to search without visiting everything. */
export const SAMPLING = ['walks', 'priorities', 'preemptions'] as const

/** What a search that samples behaviours, or bounds them, has covered. */
export interface Coverage {
  /** Random walks, walks by random priorities, or all behaviours up to a number of preemptions. */
  readonly method: (typeof SAMPLING)[number]
  /** Walks made; null where behaviours were not sampled. */
  readonly walks: number | null
  /** The seed that gives the same walks again; null where behaviours were not sampled. */
  readonly seed: number | null
  /** Every behaviour with at most this many preemptions was visited; null where that is not known. */
  readonly preemptions: number | null
  /** Least probability that a single walk meets a bug of the depth looked for; null where there is no bound. */
  readonly chance: number | null
}

/** What a search explored and found. */
export interface SearchResult {
  /** True when every reachable state was visited (up to `collisionProbability`). */
  readonly complete: boolean
  /** Null for a complete search. */
  readonly incompleteReason: StopReason | null
  /** Distinct states that were kept. */
  readonly states: number
  /** Steps taken from them, those to known states included. */
  readonly transitions: number
  /** Steps from an initial state to the farthest state found; with partial order reduction in kept states. */
  readonly depth: number
  /** States without enabled steps in which some thread may not rest. */
  readonly deadlocks: number
  readonly seconds: number
  /** Bytes held for states, tables and traces, divided by the states. */
  readonly bytesPerState: number
  /** Bound on the probability that a state was lost to a hash collision; 0 when states are kept in full. */
  readonly collisionProbability: number
  /** The same, estimated from the fingerprints that occurred; null when states are kept in full. */
  readonly collisionMeasured: number | null
  /** How often each step was taken, by thread kind and path: `vcpu.RUN.8`. */
  readonly steps: ReadonlyMap<string, number>
  readonly properties: readonly PropertyResult[]
  /** What was left out. With symmetry all counts are of states and steps up to renaming. */
  readonly reduction: ReductionReport
  /** Of a search that is not exhaustive by design, which never says that a property holds; null for the others. */
  readonly coverage: Coverage | null
  /** Threads that shared the search. */
  readonly workers: number
  /** The failure of model code that ended the search; null without one. */
  readonly modelError: ModelFailure | null
}

/** A failure of model code. */
export interface ModelFailure {
  readonly message: string
  /** The steps to the failure, the failing one last; null when they are not known. */
  readonly trace: Trace | null
}
