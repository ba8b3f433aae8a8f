import type { Counters } from './system.ts'

/** What every property says of itself. */
interface Stated {
  /** Stable name, in words: `no-stale-root-used`. */
  readonly id: string
  /** Short names used in documents, for example `I-13`. */
  readonly aliases?: readonly string[]
  /** The property in one sentence, in kernel terms. */
  readonly title: string
  /** When it must hold, if not in every state: `while mmu_lock is free`. */
  readonly when?: string
  /** Where it comes from: kernel function, document section, commit. */
  readonly reference?: string
  /** One sentence on what goes wrong in a kernel that violates it. */
  readonly consequence?: string
  /** `precision`: needless work, not a safety problem. Default `safety` or `liveness` by kind. */
  readonly class?: 'safety' | 'liveness' | 'precision'
}

/** Must hold in every reachable state. `given` is the antecedent, counted apart so that vacuity shows. */
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

/** Must be reachable: proves that a scenario really contains the situation. */
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
 * What the scheduler owes: whoever is continuously able to move moves some day (weak), or whoever is able
 * to move again and again does (strong). A thread or step under no fairness may stop for ever, and so may a
 * thread where it rests (`rests` of a step or choice), unless the step it could take is named in `paths`.
 */
export interface Fairness {
  readonly strength: 'weak' | 'strong'
  /** Each thread is owed a step, or each step of each thread is owed to be taken. */
  readonly of: 'thread' | 'step'
  /** Only threads of these kinds; default all. A kind that a scenario does not have is owed nothing. */
  readonly kinds?: readonly string[]
  /** Only steps with these paths, for `of: 'step'`; default all. A path a design dropped is owed nothing. */
  readonly paths?: readonly string[]
}

/** The default: no thread that can move all the time is passed over for ever. */
export const WEAK_FAIRNESS: readonly Fairness[] = [{ strength: 'weak', of: 'thread' }]

/**
 * A question about a state; with `each`, about one thread in it, `self` being its id (else 0).
 * `at` holds the program counters.
 */
export type StatePredicate<W> = (world: W, at: Counters, self: number) => boolean

/** What the properties of whole behaviours share. */
interface Temporal extends Stated {
  /** A thread kind: the property is judged for each of its threads apart. */
  readonly each?: string
  /** Default `WEAK_FAIRNESS`; an empty list lets everything stop at any time. */
  readonly fairness?: readonly Fairness[]
}

/** Whenever `given` holds, `goal` holds then or later, on every fair behaviour. */
export interface LeadsTo<W> extends Temporal {
  readonly kind: 'leads-to'
  readonly given: StatePredicate<W>
  readonly goal: StatePredicate<W>
}

/** On every fair behaviour `goal` holds at some time. */
export interface Eventually<W> extends Temporal {
  readonly kind: 'eventually'
  readonly goal: StatePredicate<W>
}

/** On every fair behaviour `goal` holds from some time on for ever. */
export interface EventuallyAlways<W> extends Temporal {
  readonly kind: 'eventually-always'
  readonly goal: StatePredicate<W>
}

/**
 * No thread of kind `each` can go round a cycle all alone without its `goal` on the way, for example retry
 * a fault for ever. Needs no fairness. The goal should include whatever another thread must end first.
 */
export interface NoSoloCycle<W> extends Stated {
  readonly kind: 'no-solo-cycle'
  readonly each: string
  readonly goal: StatePredicate<W>
}

/** The properties that only a cycle (or standing still) can violate. */
export type LivenessProperty<W> = LeadsTo<W> | Eventually<W> | EventuallyAlways<W> | NoSoloCycle<W>

/** True for the properties of whole behaviours. */
export function isLiveness<W>(property: Property<W>): property is LivenessProperty<W> {
  return (
    property.kind === 'leads-to' ||
    property.kind === 'eventually' ||
    property.kind === 'eventually-always' ||
    property.kind === 'no-solo-cycle'
  )
}

/** Every state without enabled steps has all threads where they may rest. */
export interface DeadlockFreedom extends Stated {
  readonly kind: 'deadlock'
}

/** No step performs a forbidden operation on an object (use after free, double free). */
export interface OopsFreedom extends Stated {
  readonly kind: 'fault'
  /**
   * Kernel functions whose steps could raise it. Where none of them is ever taken there is nothing to judge. Absent
   * where any step could.
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

/** Thrown by an effect that does what no kernel may do; violates the fault property of this id. */
export class Oops extends Error {
  override readonly name = 'Oops'
  readonly property: string
  constructor(property: string, message: string) {
    super(message)
    this.property = property
  }
}
