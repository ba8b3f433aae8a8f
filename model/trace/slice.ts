import { ModelError } from '../language/errors.ts'
import type { HarnessStep, Observation, ObservedLog, StepOfKind } from '../language/observation.ts'
import type { System } from '../language/system.ts'
import type { Kvm } from '../memory/kvm.ts'
import type { Change } from '../scenarios/additions.ts'
import type { Kernel } from './kernel.ts'
import type { TraceEvent } from './line.ts'
import { LockEvents } from './lock-events.ts'
import type { LogRules } from './rules.ts'
import { Observer, stepsOf, type Table } from './table.ts'

/**
 * A part of the model that is small enough to be followed along a log of the whole: a projection of the log, and a
 * system that lets the rest of the world do anything.
 */
export interface Slice {
  /** As on the command line: `roots`. */
  readonly id: string
  readonly title: string
  /** It needs no page tables, so that it follows logs of the TDP MMU, too. */
  readonly isWithoutTables?: true
  /** Begins the first pass over a log. */
  survey(kernel: Kernel): Survey
}

/** The first pass over a log: finds out what the slice has to have room for. */
export interface Survey {
  push(event: TraceEvent): void
  /** The slice as it fits the log; in its place a reason why the log has nothing of it, as a sentence. */
  end(): FittedSlice | string
}

/** A slice with the bounds of one log. */
export interface FittedSlice {
  /** What the slice has of the log, for messages: `2 root tables, 3 root pages`. */
  readonly about: string
  readonly observable: readonly StepOfKind[]
  readonly harness: readonly HarnessStep[]
  /**
   * The system that the log is followed with.
   * @throws ModelError for a design that changes what is not in the slice, or whose steps the table does not know.
   */
  system(design?: Change<Kvm>): System<Kvm>
  /** Begins another pass over the log. */
  watch(): Watch
}

/** A pass over a log that makes observations of its events. */
export interface Watch {
  /** @param text the event as the log has it. */
  push(event: TraceEvent, text: string): Iterable<Observation<Kvm>>
  /** What is left at the end of the log. */
  end(): Iterable<Observation<Kvm>>
}

/** What a slice notes of the log while it goes through it. */
export interface Notes {
  /** Notes what the row of an event needs. */
  before(event: TraceEvent): void
  /** Notes what no longer holds after an event, or not yet at it. */
  after(event: TraceEvent): void
  /** The VM is torn down from here on, which is in no slice. */
  readonly isOver: boolean
}

/** The observations that a table makes of a log, and one of each event that breaks a rule of all logs. */
export function watchWith<C extends { readonly notes: Notes }>(
  table: Table<C>,
  context: C,
  rules: Pick<LogRules, 'check'>,
  kernel: Kernel,
): Watch {
  const observer = new Observer(table, context, ({ comm, tid }) => `${comm}-${tid}`)
  const { notes } = context
  const locks = new LockEvents(kernel)
  const push = (event: TraceEvent, text: string): void => {
    if (notes.isOver) return
    notes.before(event)
    if (notes.isOver) return
    const broken = rules.check(event)
    if (broken !== null) observer.refuse(event, text, broken)
    observer.push(event, text)
    notes.after(event)
  }
  return {
    *push(event, text) {
      const acquired = locks.before(event)
      if (acquired !== null) push(acquired, text)
      push(event, text)
      yield* observer.take()
    },
    *end() {
      yield* observer.take(true)
    },
  }
}

/** The steps of a table that are in a system: those of what the log has nothing of are not. */
export function observableIn<C>(table: Table<C>, system: System<Kvm>): StepOfKind[] {
  return stepsOf(table).filter(({ kind, step }) => {
    const isMeant = typeof step === 'string' ? (path: string) => path === step : step
    return system.threads.some(
      ({ program, flow }) => program.kind === kind && flow.steps.some(({ path }) => isMeant(path)),
    )
  })
}

/**
 * Refuses a design that writes a step of the table as other steps: which events those leave is not known. One that drops
 * a step, or changes what it does, can be followed.
 * @throws ModelError naming the step.
 */
export function checkFits<C>(table: Table<C>, { patches }: Change<Kvm>): void {
  const named = stepsOf(table).flatMap(({ step }) => (typeof step === 'string' ? [step] : []))
  for (const patch of patches) {
    if (patch.op !== 'replace' || patch.by.length === 0) continue
    const { name, by } = patch
    const isMeant = (path: string): boolean => path === name || path.endsWith(`/${name}`)
    if (named.some(isMeant) && !by.some((entry) => entry.name === name.split('/').at(-1)))
      throw new ModelError(
        `the design has ${by.map((entry) => entry.name).join(', ')} in place of ${name}: which events these leave in a log is not known`,
      )
  }
}

/** An event, and its text in the log. */
export interface Logged {
  readonly event: TraceEvent
  readonly text: string
}

/** A log as the follower takes it. @param events the events of the log, from the start at each call. */
export function observedLog(
  { observable, harness, watch, system }: FittedSlice,
  events: () => Iterable<Logged> | AsyncIterable<Logged>,
  design?: Change<Kvm>,
): ObservedLog<Kvm> {
  return {
    system: system(design),
    observable,
    harness,
    async *observations() {
      const pass = watch()
      for await (const { event, text } of events()) yield* pass.push(event, text)
      yield* pass.end()
    },
  }
}
