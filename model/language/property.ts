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
export interface ProgressPossible<W> extends Stated {
  readonly kind: 'progress'
  readonly goal: (world: W, at: Counters) => boolean
}

/** Every state without enabled steps has all threads where they may rest. */
export interface DeadlockFreedom extends Stated {
  readonly kind: 'deadlock'
}

/** No step performs a forbidden operation on an object (use after free, double free). */
export interface FaultFreedom extends Stated {
  readonly kind: 'fault'
}

export type Property<W> =
  | Invariant<W>
  | ActionProperty<W>
  | Witness<W>
  | ProgressPossible<W>
  | DeadlockFreedom
  | FaultFreedom

/** Thrown by an effect that does what no kernel may do; violates the fault property of this id. */
export class Fault extends Error {
  override readonly name = 'Fault'
  readonly property: string
  constructor(property: string, message: string) {
    super(message)
    this.property = property
  }
}
