import { match } from 'ts-pattern'
import { isLiveness, type Property, type StepView } from '../model/language/property.ts'
import { Reference, type ReferenceRun, referenceRun } from '../model/language/reference.ts'
import type { Counters, System } from '../model/language/system.ts'
import type { Trace, TraceStep } from '../model/language/trace.ts'
import { whyNoBadLoop } from './lasso.ts'
import { Observer } from './observer.ts'

/** Can a goal still be reached from this state? Null when a limit came first. */
export type GoalReachable = (
  codes: Uint16Array,
  goal: (world: never, at: Counters) => boolean,
) => boolean | null

/** A trace that was replayed and judged. */
export interface Judgement {
  readonly run: ReferenceRun
  /** Null when the trace really violates the property (reaches a witness); else why it does not. */
  readonly disagreement: string | null
}

/**
 * Judges traces anew, by xstate and the property alone. Nothing that the search computed is used, so that it
 * can be believed when it agrees.
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

  /** Replays a trace. @throws ReplayError when the system cannot take it. */
  judge(trace: Trace): Judgement {
    const run = referenceRun(this.system, trace, this.reference)
    return { run, disagreement: this.#disagreement(trace, run) }
  }

  /** True for a trace that the system can take and that violates the property. */
  fails(trace: Trace): boolean {
    try {
      return this.judge(trace).disagreement === null
    } catch {
      // The system cannot take it, or model code fails on the way: not the violation, whatever else it is.
      return false
    }
  }

  #disagreement(trace: Trace, { states, fault }: ReferenceRun): string | null {
    const { property, observer } = this
    const last = states[states.length - 1]
    if (property.kind === 'fault') {
      if (fault === null) return 'its last step does not fault'
      return fault.property === property.id ? null : `its last step violates ${fault.property} instead`
    }
    if (fault !== null) return `its last step faults (${fault.property}: ${fault.message})`
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
        observer.state(last, seen).answer ? null : 'the last state is not the one to be seen',
      )
      .with({ kind: 'progress' }, ({ goal }) => this.#progressDisagreement(last, goal))
      .with({ kind: 'deadlock' }, () => {
        const next = this.reference.enabled(this.reference.snapshot(last)).at(0)
        if (next !== undefined) return `${next.thread} can still take ${next.step}`
        return stuckThreads(this.system, last).length > 0 ? null : 'every thread rests in the last state'
      })
      .exhaustive()
  }

  #progressDisagreement(last: Uint16Array, goal: (world: never, at: Counters) => boolean): string | null {
    if (this.#goalReachable === undefined) return 'whether the goal is lost takes a search'
    const reachable = this.#goalReachable(last, goal)
    if (reachable === null) return 'the search for the goal was not complete'
    return reachable ? 'the goal can still be reached' : null
  }
}

/** Threads that are not where they may stay, by number. */
export function stuckThreads({ threads }: System, codes: Uint16Array): number[] {
  return threads.flatMap(({ flow, counter }, index) =>
    flow.validEnds.has(flow.counters[codes[counter.index]]) ? [] : [index],
  )
}

/** A trace's step as action properties see it. */
export function stepView({ threads }: System, { thread, step }: TraceStep): StepView {
  const found = threads.find((t) => t.name === thread)
  return { kind: found?.program.kind ?? thread, self: found?.self ?? 0, path: step }
}
