import type { LocatedStep } from '../model/language/machine.ts'
import type { Oops, Property } from '../model/language/property.ts'
import { quoted } from '../model/language/quoted.ts'
import type { System, Thread } from '../model/language/system.ts'
import { type Counterexample, CounterexampleError, traceOf } from './file.ts'
import { itemsOf } from './items.ts'
import { type GoalReachable, Verifier } from './violation.ts'

/** What the names in a file stand for. */
export interface Question {
  readonly system: System
  readonly property: Property<never>
  readonly scenario: {
    readonly id: string
    readonly title: string
    readonly bounds?: Readonly<Record<string, number>>
    /** File that it came from, as the user named it; absent for a scenario of the catalogue. */
    readonly file?: string
    /** What is in that file, as JSON, for readers who have it not. */
    readonly text?: string
  }
  readonly design: {
    readonly id: string
    readonly title: string
    /** File that it came from, as the user named it; absent for a design of the catalogue. */
    readonly file?: string
    /** What is in that file, as JSON, for readers who have it not. */
    readonly text?: string
  }
  /** What replays: facts, where a file only claims what it was written by. */
  readonly checker: { readonly version: string; readonly model: string }
  /** What the model takes for granted, one sentence each, for whoever reads the result in a mail. */
  readonly assumptions?: readonly string[]
}

/** Finds what a file is about. Throws an error of its own for a name that it does not know. */
export type Resolve = (counterexample: Counterexample) => Question

/** A change that a step made to one thing in the state. */
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
  /** In order of declaration, program counters left out. */
  readonly changes: readonly Change[]
}

/** A counterexample with everything recomputed; what every renderer takes. */
export interface Replayed extends Question {
  readonly counterexample: Counterexample
  /** Codes of the initial state and after each step (not after one that faults). */
  readonly states: readonly Uint16Array[]
  readonly steps: readonly ReplayedStep[]
  readonly fault: Oops | null
  /** True when the model is not the one the file was written with; the behaviour is still a violation. */
  readonly modelChanged: boolean
}

/** A trace that can be taken, but does not do what the file says. */
export class ReplayDisagreement extends Error {
  override readonly name = 'ReplayDisagreement'
}

/**
 * Recomputes a counterexample by xstate and checks that it really ends in the violation.
 * @param goalReachable decides whether a goal is lost; needed for `progress` properties.
 * @throws ReplayError when a step is not possible, ReplayDisagreement when nothing is violated,
 *   CounterexampleError when the file speaks of another kind of property; and what `resolve` throws.
 */
export function replay(ce: Counterexample, resolve: Resolve, goalReachable?: GoalReachable): Replayed {
  const question = resolve(ce)
  const { system, property } = question
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
    ...question,
    counterexample: ce,
    states: run.states,
    steps: stepsOf(system, ce, run.states),
    fault: run.fault,
    modelChanged: question.checker.model !== ce.model,
  }
}

function stepsOf(system: System, ce: Counterexample, states: readonly Uint16Array[]): ReplayedStep[] {
  return ce.steps.map(({ thread: name, step }, index) => {
    const thread = system.threads.find((t) => t.name === name) as Thread<never>
    const located = thread.flow.steps.find((s) => s.path === step) as LocatedStep<never>
    const after = states[index + 1] as Uint16Array | undefined
    const changes = after === undefined ? [] : changesBetween(system, states[index], after)
    return { index, thread, located, changes }
  })
}

/** What differs between two states, program counters left out. */
export function changesBetween(system: System, before: Uint16Array, after: Uint16Array): Change[] {
  return itemsOf(system).all.flatMap((item): Change[] => {
    const fields = item.fields.filter((f) => before[f] !== after[f])
    if (fields.length === 0 || item.counter) return []
    return [{ path: item.path, before: item.value(before), after: item.value(after), fields }]
  })
}
