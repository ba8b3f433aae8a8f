import type { Property } from '../../model/language/property.ts'
import type { FairnessReason, Trace } from '../../model/language/trace.ts'
import type { ReductionReport } from '../reduce/reduction.ts'
import type { OpenReason, StopReason } from './stop-reason.ts'

/**
 * The verdict of a search on a property. Only a complete search says `holds`, `vacuous` or `not-reached`.
 *
 * - `holds`: never violated, and its antecedent occurred.
 * - `vacuous`: never violated because its antecedent is true in no reachable state (or of no step).
 * - `reached`, `not-reached`: of a witness. Reaching it once proves it, in a sample too.
 */
export const VERDICTS = ['holds', 'violated', 'inconclusive', 'vacuous', 'reached', 'not-reached'] as const
export type Verdict = (typeof VERDICTS)[number]

/** The result for one property. Like all of a result it is plain data, which can be sent to another thread. */
export interface PropertyResult extends Pick<Property<never>, 'id' | 'kind'> {
  readonly verdict: Verdict
  /** How many states (or steps, for action properties) had a true antecedent. */
  readonly antecedent: number
  /** A shortest violation; for a witness, a shortest path to it. Null if there is none. */
  readonly trace: Trace | null
  /** Why the verdict is inconclusive, if not just because the search ended early; or why there is no trace. */
  readonly reason: OpenReason | null
  /**
   * Id of an oops that occurs. Behaviours end there, and up to there the property is not violated: the oops is the only
   * reason why the verdict is inconclusive.
   */
  readonly upTo: string | null
  /** The thread for which a property that is stated for each thread is violated. */
  readonly subject: string | null
  /** For a violated liveness property: why its loop is fair. Null if fairness does not matter. */
  readonly fairness: readonly FairnessReason[] | null
}

/** A result with the other fields null. */
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

/** Methods of searching without visiting everything. */
export const SAMPLING = ['walks', 'priorities', 'preemptions'] as const

/** What a search that samples or bounds behaviours has covered. */
export interface Coverage {
  /** Random walks, walks by random priorities, or all behaviours up to a number of preemptions. */
  readonly method: (typeof SAMPLING)[number]
  /** Number of walks; null if behaviours were not sampled. */
  readonly walks: number | null
  /** The seed that reproduces the walks; null if behaviours were not sampled. */
  readonly seed: number | null
  /** Every behaviour with at most this many preemptions was visited; null if that is not known. */
  readonly preemptions: number | null
  /** Least probability that one walk finds a bug of the depth asked for; null if there is no bound. */
  readonly chance: number | null
}

/** What a search has explored and found. */
export interface SearchResult {
  /** Whether every reachable state was visited (up to `collisionProbability`). */
  readonly complete: boolean
  /** Null for a complete search. */
  readonly incompleteReason: StopReason | null
  /** Distinct states stored. */
  readonly states: number
  /** Steps taken from them, including those to known states. */
  readonly transitions: number
  /** Steps from an initial state to the farthest state found; with partial-order reduction, in stored states. */
  readonly depth: number
  /** Terminal states in which some thread is not at a valid end. */
  readonly deadlocks: number
  readonly seconds: number
  /** Bytes of states, tables and traces, divided by the number of states. */
  readonly bytesPerState: number
  /** Bound on the omission probability; 0 if states are stored in full. */
  readonly collisionProbability: number
  /** The omission probability, estimated from the fingerprints that occurred; null if states are stored in full. */
  readonly collisionMeasured: number | null
  /** How often each step was taken, by thread kind and path: `vcpu.RUN.8`. */
  readonly steps: ReadonlyMap<string, number>
  readonly properties: readonly PropertyResult[]
  /** The reductions. With symmetry, all counts are of states and steps up to renaming. */
  readonly reduction: ReductionReport
  /** For a search that is not exhaustive by design, and so never says that a property holds; else null. */
  readonly coverage: Coverage | null
  /** Number of workers. */
  readonly workers: number
  /** The failure of model code that ended the search; null without one. */
  readonly modelError: ModelFailure | null
}

/** A failure of model code. */
export interface ModelFailure {
  readonly message: string
  /** The steps to the failure, the failing one last; null if they are not known. */
  readonly trace: Trace | null
}
