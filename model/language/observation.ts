import type { Counters, System } from './system.ts'

/**
 * How a log of a real system is handed to the follower: as observations of real threads, in the
 * order of their counter.
 *
 * The *window* of a real thread lies between two of its consecutive observations. It owes what the earlier one says
 * must happen `after` it, then what the later one says must have happened `before` it: a list of items, to be met in
 * this order. An item is a step of a model thread or a read. Between two observations of the log every thread of the
 * model may run, of a real thread that is silent too. A step that is observable is taken only where it is the next
 * item of some real thread's window; all other steps are hidden and free. An observation is agreed with in a state in
 * which its thread has met its whole window and every condition in `exact` holds. A log is followed if there is a
 * behaviour of the model that agrees with one observation after the other.
 */
export interface ObservedLog<W = never> {
  readonly system: System<W>
  /** The steps that would always have left an event. All others are hidden. */
  readonly observable: readonly StepOfKind[]
  /** The steps that stand for what the system leaves out. They are counted and named in the result. */
  readonly harness?: readonly HarnessStep[]
  /**
   * The observations from the start. May be called several times and gives equal observations each time: the follower
   * counts them by thread first, to know where each thread ends.
   */
  observations(): Iterable<Observation<W>> | AsyncIterable<Observation<W>>
}

/** What a log prints of a state, and what the model has there. Compared by `Object.is`. */
export type Value = string | number | boolean | null

/** A name of the log, for example the address and birth of a page, for the id that it is bound to. */
export interface Name {
  readonly name: string
}

/** The ids that names are bound to; undefined for one that is not bound. */
export type Names = (name: string) => number | undefined

/** A value in the log is that of the model. A name that is not bound is equal to nothing. */
export interface Comparison<W = never> {
  /** What is compared, for messages: `root`, `prev_roots[1]`. */
  readonly what: string
  readonly value: (world: W, at: Counters) => Value
  /** The value in the log. */
  readonly is: Value | Name
}

/** Anything else about a state. Use a comparison where there is one: a rejection shows both of its values. */
export interface Requirement<W = never> {
  /** The requirement in words, for messages: `a request is pending`. */
  readonly what: string
  readonly holds: (world: W, at: Counters, names: Names) => boolean
}

export type Condition<W = never> = Comparison<W> | Requirement<W>

/** A step, by its path or by a predicate on paths. A predicate is a constant of a module: what it selects is kept. */
export type StepPath = string | ((path: string) => boolean)

/** Steps of all threads of a kind. */
export interface StepOfKind {
  /** The kind of the model thread: `vcpu`. */
  readonly kind: string
  readonly step: StepPath
  /** Index of the case; absent for all cases of the step. */
  readonly case?: number
}

/** A step of the harness, and what it stands for. */
export interface HarnessStep extends StepOfKind {
  /** For example `VM exit for a reason outside the slice`. */
  readonly standsFor: string
}

/** A step of one model thread, taken in a state and leading to one that are as the log says. */
export interface OwedStep<W = never> {
  /** Name of the model thread: `vcpu0`, or the kind if there is one of it. */
  readonly thread: string
  readonly step: StepPath
  /** Index of the case that is taken; absent for any. */
  readonly case?: number
  /** Conditions on the state before the step. */
  readonly before?: readonly Condition<W>[]
  /** Conditions on the state after the step. */
  readonly after?: readonly Condition<W>[]
}

/** One item of a window. */
export type Owed<W = never> =
  /** One of these steps is taken. */
  | { readonly oneOf: readonly OwedStep<W>[] }
  /** In some state between the items before and behind this one all these conditions hold. */
  | { readonly read: readonly Condition<W>[] }

/** Binds a name of the log to what the model has: `{ name: 'ffff88810a2c3000#2', value: (kvm) => kvm.vcpu[0].sp }`. */
export interface Binding<W = never> extends Name {
  /** Null leaves the name unbound. */
  readonly value: (world: W, at: Counters) => number | null
}

/** One event of the log, as the model sees it. */
export interface Observation<W = never> {
  /** The real thread, by the name that is printed: `kt-231`. */
  readonly thread: string
  /** Line of the event in the log, from 1. */
  readonly line: number
  /** The event's kind, for counts and messages: `vcpu_run`. */
  readonly event: string
  /** The event as the log has it. */
  readonly text: string
  /** Owed between the thread's previous observation and this one, after what that one owes. */
  readonly before?: readonly Owed<W>[]
  /** Bound at the event, before `exact` is evaluated. A name that is bound already is bound anew. */
  readonly binds?: readonly Binding<W>[]
  /** Hold at the event. */
  readonly exact?: readonly Condition<W>[]
  /** Forgotten at the event, after `exact` was evaluated. */
  readonly unbinds?: readonly string[]
  /** Owed between this observation and the thread's next one. After the thread's last, it may happen and need not. */
  readonly after?: readonly Owed<W>[]
}
