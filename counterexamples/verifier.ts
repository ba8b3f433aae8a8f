import { match } from 'ts-pattern'
import { isLiveness, type Property, type StepView } from '../model/language/property.ts'
import { Reference, type ReferenceRun, referenceRun } from '../model/language/reference.ts'
import type { Counters, System } from '../model/language/system.ts'
import type { FairnessReason, Trace, TraceStep } from '../model/language/trace.ts'
import { fairnessOf, whyNoBadLoop } from './lasso.ts'
import { Observer } from './observer.ts'

/** Whether a goal can still be reached from this state; null if a limit stopped the search. */
export type GoalReachable = (
  state: Uint16Array,
  goal: (world: never, at: Counters) => boolean,
) => boolean | null

/**
 * How a behaviour continues from a state from which the goal cannot be reached: to a dead end, around a loop, or, only
 * where every way ends in an oops, to one. Null if a limit stopped the search before it was known.
 */
export type WayOnFrom = (
  state: Uint16Array,
  goal: (world: never, at: Counters) => boolean,
) => Pick<Trace, 'steps' | 'loopStart'> | null

/** A trace, replayed and checked. */
export interface Judgement {
  readonly run: ReferenceRun
  /** Null when the trace violates the property (reaches the witness); otherwise the reason why it does not. */
  readonly disagreement: string | null
}

/**
 * Checks traces with xstate and the property alone. Uses nothing that the search computed, so its agreement is
 * independent evidence.
 */
export class Verifier {
  readonly system: System
  readonly property: Property<never>
  readonly reference: Reference
  readonly observer: Observer
  readonly #goalReachable: GoalReachable | undefined

  constructor(system: System, property: Property<never>, goalReachable?: GoalReachable) {
    this.system = system
    this.property = property
    this.reference = new Reference(system)
    this.observer = new Observer(system)
    this.#goalReachable = goalReachable
  }

  /** Replays a trace. @throws ReplayError when the system does not allow it. */
  judge(trace: Trace): Judgement {
    const run = referenceRun(this.system, trace, this.reference)
    return { run, disagreement: this.#disagreement(trace, run) }
  }

  /** Why the loop of a lasso is fair; null for a finite trace, and for a property without fairness. */
  fairness(trace: Trace): readonly FairnessReason[] | null {
    const { property, system, reference, observer } = this
    if (!isLiveness(property)) return null
    const { states } = referenceRun(system, trace, reference)
    return fairnessOf({ system, property, trace, states, reference, observer })
  }

  /** Whether the system allows the trace and it violates the property. */
  fails(trace: Trace): boolean {
    try {
      return this.judge(trace).disagreement === null
    } catch {
      // The system does not allow it, or model code throws on the way: not this violation.
      return false
    }
  }

  #disagreement(trace: Trace, { states, fault }: ReferenceRun): string | null {
    const { property, observer } = this
    const last = states[states.length - 1]
    if (property.kind === 'fault') {
      if (fault === null) return 'its last step does not oops'
      return fault.property === property.id ? null : `its last step violates ${fault.property} instead`
    }
    if (fault !== null) return `its last step oopses (${fault.property}: ${fault.message})`
    if (isLiveness(property)) {
      return whyNoBadLoop({
        system: this.system,
        property,
        trace,
        states,
        reference: this.reference,
        observer,
      })
    }
    return match(property)
      .with({ kind: 'invariant' }, ({ given, holds }) =>
        observer.state(last, (w, at) => (given === undefined || given(w, at)) && !holds(w, at)).answer
          ? null
          : 'the property holds in the last state',
      )
      .with({ kind: 'action' }, (action) => {
        const step = trace.steps.at(-1)
        if (step === undefined) return 'it has no step, and only a step can violate the property'
        const view = stepView(this.system, step)
        const bad = observer.pair(
          states[states.length - 2],
          last,
          (before, after) =>
            (action.given === undefined || action.given(before, view, after)) &&
            !action.holds(before, view, after),
        ).answer
        return bad ? null : 'the property holds of the last step'
      })
      .with({ kind: 'witness' }, ({ seen }) =>
        observer.state(last, seen).answer ? null : 'the last state does not satisfy the witness',
      )
      .with({ kind: 'progress' }, ({ goal }) => this.#progressDisagreement(last, goal))
      .with({ kind: 'deadlock' }, () => {
        const next = this.reference.enabled(this.reference.snapshot(last)).at(0)
        if (next !== undefined) return `${next.thread} can still take ${next.step}`
        return stuckThreads(this.system, last).length > 0 ? null : 'every thread is in a valid end state'
      })
      .exhaustive()
  }

  #progressDisagreement(last: Uint16Array, goal: (world: never, at: Counters) => boolean): string | null {
    if (this.#goalReachable === undefined)
      return 'only a search can decide whether the goal is still reachable'
    const reachable = this.#goalReachable(last, goal)
    if (reachable === null) return 'the search for the goal was incomplete'
    return reachable ? 'the goal can still be reached' : null
  }
}

/** Indices of the threads that are not in a valid end state. */
export function stuckThreads({ threads }: System, state: Uint16Array): number[] {
  return threads.flatMap(({ flow, counter }, index) =>
    flow.validEnds.has(flow.counters[state[counter.index]]) ? [] : [index],
  )
}

/** A trace's step as action properties see it. */
export function stepView({ threads }: System, { thread, step }: TraceStep): StepView {
  const found = threads.find((t) => t.name === thread)
  return { kind: found?.program.kind ?? thread, self: found?.self ?? 0, path: step }
}
