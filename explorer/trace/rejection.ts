import type { Lanes } from '../../counterexamples/lanes.ts'
import type { Row } from '../../counterexamples/rows.ts'
import type { Observation, OwedStep, Value } from '../../model/language/observation.ts'
import type { Compared } from './conditions.ts'

/** A field of the state and its value, as a guard has read it. */
export interface FieldValue {
  readonly field: string
  readonly value: string
}

/** Why an owed step was not taken in a candidate. */
export type Refusal =
  /** The system has no such step: a patch has dropped it. */
  | { readonly kind: 'no-such-step' }
  | { readonly kind: 'elsewhere'; readonly at: string }
  /** Its guards do not hold: their source, and what they have read. */
  | { readonly kind: 'blocked'; readonly guards: readonly string[]; readonly reads: readonly FieldValue[] }
  | { readonly kind: 'oops'; readonly message: string }
  | { readonly kind: 'other-case'; readonly case: number; readonly reads: readonly FieldValue[] }
  /** Conditions on the state before or after the step that do not hold. */
  | { readonly kind: 'differs'; readonly when: 'before' | 'after'; readonly compared: readonly Compared[] }

/** The item of the window that could not be met. */
export interface UnmetItem {
  /** Its number in the window, from 1, and how many there are. */
  readonly number: number
  readonly of: number
  /** For a step: the alternatives, and why each was refused; empty for a read. */
  readonly steps: readonly { readonly owed: OwedStep; readonly refusal: Refusal }[]
  /** For a read: the conditions that do not hold. */
  readonly read: readonly Compared[]
}

/** A state that the model can be in before the observation, and the one that is nearest to agreeing. */
export interface NearestCandidate {
  /** Encoded values of all fields, program counters included. */
  readonly encoded: Uint16Array
  readonly counters: readonly { readonly thread: string; readonly at: string }[]
}

/** Where a model thread is in the candidates: at each of these places in this many of them. */
export interface ThreadPlaces {
  readonly thread: string
  readonly places: readonly { readonly at: string; readonly candidates: number }[]
}

/** Lanes and rows of a race diagram; `drawCanvas` in counterexamples/ draws it. */
export interface RaceDiagram {
  readonly lanes: Lanes
  readonly rows: readonly Row[]
}

/** Why a log is no behaviour of the system. */
export interface Rejection {
  /** The first observation with which no candidate agrees. */
  readonly observation: Observation
  /**
   * `no-model-step`: what the real thread must have done is impossible. `state-differs`: it is possible, but no state
   * has the values in the log.
   */
  readonly kind: 'no-model-step' | 'state-differs'
  /** Candidates before the observation. */
  readonly candidates: number
  readonly places: readonly ThreadPlaces[]
  readonly nearest: NearestCandidate
  /** The item that the nearest candidate lacks; null if it has met the whole window. */
  readonly unmet: UnmetItem | null
  /** The conditions of the observation that do not hold in the nearest candidate, if it has met the window. */
  readonly compared: readonly Compared[]
  /** The values that candidates have for each of `compared`, the most frequent first. */
  readonly elsewhere: readonly { readonly what: string; readonly values: readonly Value[] }[]
  /** The last observations, and the model's steps to the nearest candidate between them. */
  readonly race: RaceDiagram
  /**
   * The fewest of the last observations that are rejected without the others: each of them is needed. The others count
   * only by what their threads did and in which order, not by when they were made and what they say.
   */
  readonly minimal: readonly Observation[]
}
