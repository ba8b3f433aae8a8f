import type { Counters } from './system.ts'

/** Whether scenarios with these bounds are judged by a property. Properties are about a world, not about its bounds. */
export type JudgedWhere = (bounds: never) => boolean

/** What all properties have. */
interface Stated {
  /** Stable name, in words: `no-stale-root-used`. */
  readonly id: string
  /** Short names used in documents, for example `I-13`. */
  readonly aliases?: readonly string[]
  /** The property in one sentence, in kernel terms. */
  readonly title: string
  /** When it must hold, if not in every state: `while mmu_lock is free`. */
  readonly when?: string
  /** Where it comes from: a kernel function, a commit, an item of docs/kvm/. */
  readonly reference?: string
  /** One sentence on what goes wrong in a kernel that violates it. */
  readonly consequence?: string
  /**
   * The bounds of the scenarios in which it is judged whether they list it or not; without it, in those that do.
   * Beside a property that its scenarios must choose, because it costs much or is not true of all of them.
   */
  readonly judgedWhere?: JudgedWhere
  /** `precision`: needless work, not a safety problem. Default `safety` or `liveness` by kind. */
  readonly class?: 'safety' | 'liveness' | 'precision'
}

/** Must hold in every reachable state. `given` is the antecedent; it is counted, so that vacuity is detected. */
export interface Invariant<W> extends Stated {
  readonly kind: 'invariant'
  readonly given?: (world: W, at: Counters) => boolean
  readonly holds: (world: W, at: Counters) => boolean
}

/** A step as an action property sees it. */
export interface StepView {
  /** Thread kind and instance. */
  readonly kind: string
  readonly self: number
  /** Path of the step. */
  readonly path: string
}

/** Must hold of every step that can be taken from a reachable state. */
export interface ActionProperty<W> extends Stated {
  readonly kind: 'action'
  readonly given?: (before: W, step: StepView, after: W) => boolean
  readonly holds: (before: W, step: StepView, after: W) => boolean
}

/** Must be reachable: proves that a scenario contains the situation. */
export interface Witness<W> extends Stated {
  readonly kind: 'witness'
  readonly seen: (world: W, at: Counters) => boolean
}

/** From every reachable state a state with `goal` can still be reached (AG EF goal). */
export interface AlwaysPossible<W> extends Stated {
  readonly kind: 'progress'
  readonly goal: (world: W, at: Counters) => boolean
}

/**
 * A fairness assumption. Weak: a thread (or step) that is enabled forever from some point on is taken infinitely
 * often. Strong: one that is enabled infinitely often is taken infinitely often. Without fairness a thread may
 * stop at any time; with it a thread may still stop in a valid end state, unless the step that it could take
 * there is named in `paths`.
 */
export interface Fairness {
  readonly strength: 'weak' | 'strong'
  /** Whether it applies to each thread as a whole, or to each step of each thread. */
  readonly of: 'thread' | 'step'
  /** Only threads of these kinds; default all. Kinds that a scenario does not have are ignored. */
  readonly kinds?: readonly string[]
  /** Only steps with these paths, for `of: 'step'`; default all. Paths that a design has dropped are ignored. */
  readonly paths?: readonly string[]
}

/** The default: weak fairness of every thread. */
export const WEAK_FAIRNESS: readonly Fairness[] = [{ strength: 'weak', of: 'thread' }]

/**
 * A predicate of a state; with `each`, of one thread in it, whose id is `self` (otherwise 0). `at` holds the
 * program counters.
 */
export type StatePredicate<W> = (world: W, at: Counters, self: number) => boolean

/** What properties of infinite behaviours have in common. */
interface Temporal extends Stated {
  /** A thread kind: the property is checked for each thread of that kind separately. */
  readonly each?: string
  /** Default `WEAK_FAIRNESS`; with an empty list every thread may stop at any time. */
  readonly fairness?: readonly Fairness[]
}

/** Whenever `given` holds, `goal` holds then or later, on every fair behaviour. */
export interface LeadsTo<W> extends Temporal {
  readonly kind: 'leads-to'
  readonly given: StatePredicate<W>
  readonly goal: StatePredicate<W>
}

/** On every fair behaviour `goal` holds eventually. */
export interface Eventually<W> extends Temporal {
  readonly kind: 'eventually'
  readonly goal: StatePredicate<W>
}

/** On every fair behaviour `goal` holds forever from some point on. */
export interface EventuallyAlways<W> extends Temporal {
  readonly kind: 'eventually-always'
  readonly goal: StatePredicate<W>
}

/**
 * No thread of kind `each` can run around a cycle alone without reaching `goal`, for example retry a fault
 * forever. Needs no fairness. If the thread legitimately waits for another one, the goal must include that wait.
 */
export interface NoSoloCycle<W> extends Stated {
  readonly kind: 'no-solo-cycle'
  readonly each: string
  readonly goal: StatePredicate<W>
}

/** The properties that only a lasso can violate: a cycle, or a state in which the behaviour stays. */
export type LivenessProperty<W> = LeadsTo<W> | Eventually<W> | EventuallyAlways<W> | NoSoloCycle<W>

/** Whether a property can only be violated by a lasso. */
export function isLiveness<W>(property: Property<W>): property is LivenessProperty<W> {
  return (
    property.kind === 'leads-to' ||
    property.kind === 'eventually' ||
    property.kind === 'eventually-always' ||
    property.kind === 'no-solo-cycle'
  )
}

/** In every terminal state all threads are in valid end states. */
export interface DeadlockFreedom extends Stated {
  readonly kind: 'deadlock'
}

/** No step throws the `Oops` of this property: a use after free, for example. */
export interface OopsFreedom extends Stated {
  readonly kind: 'fault'
  /**
   * Kernel functions whose steps could raise it. If none of their steps is ever taken, the property is vacuous.
   * Absent if any step could raise it.
   */
  readonly raisedIn?: readonly string[]
}

export type Property<W> =
  | Invariant<W>
  | ActionProperty<W>
  | Witness<W>
  | AlwaysPossible<W>
  | LivenessProperty<W>
  | DeadlockFreedom
  | OopsFreedom

/** Thrown by an effect that does what no kernel may do, as a use after free; violates the named property. */
export class Oops extends Error {
  override readonly name = 'Oops'
  readonly property: string
  constructor(property: string, message: string) {
    super(message)
    this.property = property
  }
}

const BOUND = 'out of bounds: '

/**
 * Thrown by an effect that needs more of something than the bounds of the scenario allow. It says nothing of the kernel,
 * so no property is named after it: the behaviour ends, and the search counts as one that a limit ended.
 */
export class OutOfBounds extends Oops {
  /** @param bound its name in the scenario: `shadow.pages`. */
  constructor(bound: string, message: string) {
    super(BOUND + bound, message)
  }
}

/** The bound that an oops with this name ran out of; null for any other oops. */
export function exceededBound(oops: string): string | null {
  return oops.startsWith(BOUND) ? oops.slice(BOUND.length) : null
}
