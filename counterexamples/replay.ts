import type { LocatedStep } from '../model/language/machine.ts'
import type { Drawing } from '../model/language/picture.ts'
import type { Case } from '../model/language/program.ts'
import type { Oops, Property } from '../model/language/property.ts'
import { quoted } from '../model/language/quoted.ts'
import { referenceRun } from '../model/language/reference.ts'
import type { System, Thread } from '../model/language/system.ts'
import type { Trace, TraceStep } from '../model/language/trace.ts'
import { type Counterexample, CounterexampleError, traceOf } from './counterexample-file.ts'
import { variablesOf } from './state-variables.ts'
import { type GoalReachable, Verifier, type WayOnFrom } from './verifier.ts'

/** What the names in a counterexample file refer to. */
export interface ReplayContext {
  readonly system: System
  readonly property: Property<never>
  readonly scenario: {
    readonly id: string
    readonly title: string
    readonly bounds?: Readonly<Record<string, number>>
    /** The user's file, as named on the command line; absent for a catalogue scenario. */
    readonly file?: string
    /** Contents of that file, as JSON, for readers who do not have it. */
    readonly text?: string
  }
  readonly design: {
    readonly id: string
    readonly title: string
    /** The kernel function it is about, its commit and version; absent for a design from a file. */
    readonly kernel?: { readonly function: string; readonly commit?: string; readonly version: string }
    /** The user's file, as named on the command line; absent for a catalogue design. */
    readonly file?: string
    /** Contents of that file, as JSON, for readers who do not have it. */
    readonly text?: string
  }
  /** The C that starts the code of a thread in a KVM selftest, by kind of thread: `vcpu_run(vcpu)`. */
  readonly triggers?: Readonly<Record<string, string>>
  /** Steps that the design added, replaced or moved, as `THREADKIND.STEP`. */
  readonly changedSteps?: ReadonlySet<string>
  /** Version and model that replay the file, which may differ from those that wrote it. */
  readonly checker: { readonly version: string; readonly model: string }
  /** Assumptions of the model, one sentence each, for the mail form. */
  readonly assumptions?: readonly string[]
  /** How the model is drawn; without it pages have no pictures. */
  readonly drawing?: Drawing<never>
  /** The properties that are judged in the scenario, for pages. */
  readonly judged?: readonly Property<never>[]
}

/** Looks up the names in a file; throws for unknown ones. */
export type Resolve = (counterexample: Counterexample) => ReplayContext

/** What a step changed in one variable. */
export interface Change {
  /** Kernel field name, for example `vcpu[0].root_hpa`. */
  readonly path: string
  readonly before: string
  readonly after: string
  /** Fields that changed. */
  readonly fields: readonly number[]
}

/** One step of a replayed trace. */
export interface ReplayedStep {
  /** Position in the trace, from 0; state `index` is the one before it. */
  readonly index: number
  readonly thread: Thread<never>
  readonly located: LocatedStep<never>
  /** In order of declaration, without program counters. */
  readonly changes: readonly Change[]
  /** What the design has dropped after this step and before the thread's next one, as far as it was possible here. */
  readonly dropped: readonly LocatedStep<never>[]
}

/** A replayed counterexample: the input of every renderer. */
export interface Replayed extends ReplayContext {
  readonly counterexample: Counterexample
  /** The initial state and the state after each step, except after an oops. */
  readonly states: readonly Uint16Array[]
  readonly steps: readonly ReplayedStep[]
  readonly fault: Oops | null
  /** How the behaviour continues once the goal is out of reach; null if it is not known, and for other properties. */
  readonly wayOn: WayOn | null
  /** Whether the model differs from the one the file was written with; the trace is a violation all the same. */
  readonly modelChanged: boolean
}

/** The steps after a trace that puts a goal out of reach, to a dead end, around a loop, or to an oops. */
export interface WayOn {
  /** Their indices continue those of the trace. */
  readonly steps: readonly ReplayedStep[]
  /** The state after each, except after an oops. */
  readonly states: readonly Uint16Array[]
  /** Index of the first step of the loop; one behind the last if nothing moves any more; null without a loop. */
  readonly loopStart: number | null
  /** The oops of the last step; then there is no state after it, and every other way ends in an oops, too. */
  readonly fault: Oops | null
}

/** The model allows the trace, but it does not violate the property. */
export class ReplayDisagreement extends Error {
  override readonly name = 'ReplayDisagreement'
}

/**
 * Recomputes a counterexample with xstate and checks that it ends in the violation.
 * @param goalReachable decides whether the goal can still be reached; needed for `progress` properties.
 * @param wayOnFrom finds how the behaviour continues after it, for diagrams of `progress` properties.
 * @throws ReplayError when a step is not possible, ReplayDisagreement when nothing is violated,
 *   CounterexampleError when the property is of another kind than the file says; and what `resolve` throws.
 */
export function replay(
  ce: Counterexample,
  resolve: Resolve,
  goalReachable?: GoalReachable,
  wayOnFrom?: WayOnFrom,
): Replayed {
  const context = resolve(ce)
  const { system, property } = context
  if (property.kind !== ce.kind) {
    throw new CounterexampleError(
      `${ce.id}: says that ${quoted(ce.property)} is of kind ${ce.kind}, but it is of kind ${property.kind}`,
    )
  }
  const trace = traceOf(ce)
  const { run, disagreement } = new Verifier(system, property, goalReachable).judge(trace)
  if (disagreement !== null) {
    throw new ReplayDisagreement(
      `${ce.id} does not violate ${ce.property} in ${system.name}: ${disagreement}`,
    )
  }
  return {
    ...context,
    counterexample: ce,
    states: run.states,
    steps: stepsOf(system, ce.steps, run.states),
    fault: run.fault,
    wayOn: wayOnOf(context, trace, run.states, wayOnFrom),
    modelChanged: context.checker.model !== ce.model,
  }
}

/** The way on, taken by xstate. */
function wayOnOf(
  { system, property }: ReplayContext,
  trace: Trace,
  states: readonly Uint16Array[],
  wayOnFrom: WayOnFrom | undefined,
): WayOn | null {
  if (property.kind !== 'progress') return null
  const found = wayOnFrom?.(states[states.length - 1], property.goal) ?? null
  if (found === null) return null
  const steps = [...trace.steps, ...found.steps]
  const run = referenceRun(system, { initial: trace.initial, steps })
  return {
    steps: stepsOf(system, steps, run.states).slice(trace.steps.length),
    states: run.states.slice(states.length),
    loopStart: found.loopStart === undefined ? null : trace.steps.length + found.loopStart,
    fault: run.fault,
  }
}

/** The behaviour with its way on, as if it were one trace. */
export function withWayOn(replayed: Replayed): Replayed {
  const { wayOn, steps, states } = replayed
  return wayOn === null
    ? replayed
    : {
        ...replayed,
        steps: [...steps, ...wayOn.steps],
        states: [...states, ...wayOn.states],
        fault: wayOn.fault,
      }
}

/** The steps of a trace with what each changed. @param states those before and after them. */
export function stepsOf(
  system: System,
  steps: readonly TraceStep[],
  states: readonly Uint16Array[],
): ReplayedStep[] {
  return steps.map(({ thread: name, step }, index) => {
    const thread = system.threads.find((t) => t.name === name) as Thread<never>
    const located = thread.flow.steps.find((s) => s.path === step) as LocatedStep<never>
    const after = states[index + 1] as Uint16Array | undefined
    const changes = after === undefined ? [] : changesBetween(system, states[index], after)
    const dropped = after === undefined ? [] : droppedAfter(system, thread, located, states[index], after)
    return { index, thread, located, changes, dropped }
  })
}

/** The dropped steps on the way from a step to its thread's next one, of which some case is possible in that state. */
function droppedAfter(
  system: System,
  { flow, self }: Thread<never>,
  located: LocatedStep<never>,
  before: Uint16Array,
  after: Uint16Array,
): readonly LocatedStep<never>[] {
  const { cases } = located.step
  const taken = cases.findIndex((c) => isPossible(system, c, self, before))
  return flow
    .dropped(located, taken)
    .filter(
      ({ step }) => step.cases.length === 0 || step.cases.some((c) => isPossible(system, c, self, after)),
    )
}

function isPossible(system: System, { when }: Case<never>, self: number, state: Uint16Array): boolean {
  return when === undefined || when(system.view({ read: (f) => state[f], write: () => {} }).world, self)
}

/** The differences between two states, without program counters. */
export function changesBetween(system: System, before: Uint16Array, after: Uint16Array): Change[] {
  return variablesOf(system).all.flatMap((variable): Change[] => {
    const fields = variable.fields.filter((f) => before[f] !== after[f])
    if (fields.length === 0 || variable.counter) return []
    return [{ path: variable.path, before: variable.value(before), after: variable.value(after), fields }]
  })
}
