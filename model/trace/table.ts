import type { Condition, Observation, Owed, OwedStep, StepOfKind } from '../language/observation.ts'
import type { Kvm } from '../memory/kvm.ts'
import type { TraceEvent } from './line.ts'

/** What only later events of the same thread tell, for example which step of the guest an exit was. */
export interface Decision {
  isMade: boolean
}

/**
 * One kind of event in the table of a slice.
 * @typeParam C what the slice has noted of the log so far.
 * @typeParam D what the row waits for. If it does wait, its functions run late: they may use no more than the event, the
 *   decision, and what does not change in the context. If the decision is never made they say all that is possible.
 */
export interface Row<C, E = TraceEvent, D extends Decision = never> {
  /** All steps that the row can owe. Those of all rows together are the observable steps of the slice. */
  readonly steps?: readonly StepOfKind[]
  /** Whether this event concerns the slice; absent: always. */
  readonly concerns?: (event: E, context: C) => boolean
  readonly waits?: (event: E, context: C) => D
  /** What must have happened between the thread's previous event and this one. */
  readonly before?: (event: E, context: C, decision: D) => readonly Owed<Kvm>[]
  /** What holds at the event: fields that only the thread itself or the holder of mmu_lock writes. */
  readonly exact?: (event: E, context: C, decision: D) => readonly Condition<Kvm>[]
  /**
   * Fields that other threads write. They are read after the event's time was taken, so that they hold at some point
   * between the event and the next one of its thread, before what the row says of `after`.
   */
  readonly reads?: (event: E, context: C, decision: D) => readonly Condition<Kvm>[]
  /** What must happen between this event and the thread's next one. */
  readonly after?: (event: E, context: C, decision: D) => readonly Owed<Kvm>[]
  /** Names of the log that are bound or forgotten at the event. */
  readonly binds?: (event: E, context: C, decision: D) => Observation<Kvm>['binds']
  readonly unbinds?: (event: E, context: C, decision: D) => readonly string[]
}

/** The rows of a slice, by the name of the event. */
export type Table<C> = {
  readonly [N in TraceEvent['name']]?: Row<C, TraceEvent & { readonly name: N }, never>
}

/** A row of a table that waits for something. The type of its decisions is erased: only the row itself reads them. */
export const row = <C, E, D extends Decision = never>(entry: Row<C, E, D>): Row<C, E> =>
  entry as unknown as Row<C, E>

/** The observable steps of a slice: those that its table can owe. */
export function stepsOf<C>(table: Table<C>): StepOfKind[] {
  const all = Object.values(table).flatMap((entry) => entry?.steps ?? [])
  return all.filter((one, n) => all.findIndex((other) => isSameStep(one, other)) === n)
}

const isSameStep = (one: StepOfKind, other: StepOfKind): boolean =>
  one.kind === other.kind && one.step === other.step && one.case === other.case

/** Observations that are held back until a decision is made; beyond that a row says what is possible. */
const MOST_HELD = 50_000

/** What a table makes of an event, and when. */
interface Held {
  readonly decision: Decision | undefined
  readonly make: () => Observation<Kvm>
}

/** Makes the observations of a slice from the events of a log, in their order. */
export class Observer<C> {
  readonly #table: Table<C>
  readonly #context: C
  readonly #nameOf: (event: TraceEvent) => string
  #held: Held[] = []
  #first = 0

  /** @param nameOf the name of an event's thread. */
  constructor(table: Table<C>, context: C, nameOf: (event: TraceEvent) => string) {
    this.#table = table
    this.#context = context
    this.#nameOf = nameOf
  }

  /** Takes an event that the context has noted. @param text the event as the log has it. */
  push(event: TraceEvent, text: string): void {
    const entry = this.#table[event.name] as Row<C> | undefined
    if (entry === undefined || entry.concerns?.(event, this.#context) === false) return
    const decision = entry.waits?.(event, this.#context)
    if (decision === undefined) {
      const made = this.#make(entry, event, text)
      this.#held.push({ decision, make: () => made })
    } else this.#held.push({ decision, make: () => this.#make(entry, event, text, decision) })
  }

  /** Takes an event that no state of any model agrees with. @param rule what it breaks. */
  refuse(event: TraceEvent, text: string, rule: string): void {
    const refused: Observation<Kvm> = {
      thread: this.#nameOf(event),
      line: event.line,
      event: event.name,
      text: text.trim(),
      exact: [{ what: rule, holds: () => false }],
    }
    this.#held.push({ decision: undefined, make: () => refused })
  }

  /** The observations that are complete. @param all the log is over. */
  *take(all = false): Generator<Observation<Kvm>> {
    const held = this.#held
    while (this.#first < held.length) {
      const { decision, make } = held[this.#first]
      const waits = decision !== undefined && !decision.isMade
      if (waits && !all && held.length - this.#first < MOST_HELD) break
      this.#first++
      yield make()
    }
    if (2 * this.#first < held.length) return
    this.#held = held.slice(this.#first)
    this.#first = 0
  }

  #make(entry: Row<C>, event: TraceEvent, text: string, decision?: Decision): Observation<Kvm> {
    const c = this.#context
    const d = decision as never
    const reads = entry.reads?.(event, c, d) ?? []
    const after = entry.after?.(event, c, d) ?? []
    return {
      thread: this.#nameOf(event),
      line: event.line,
      event: event.name,
      text: text.trim(),
      before: entry.before?.(event, c, d) ?? [],
      binds: entry.binds?.(event, c, d) ?? [],
      exact: entry.exact?.(event, c, d) ?? [],
      unbinds: entry.unbinds?.(event, c, d) ?? [],
      after: reads.length === 0 ? after : [{ read: reads }, ...after],
    }
  }
}

/** A step of a vCPU, to be owed by one of them. */
export const vcpu = (step: StepOfKind['step'], taken?: number): StepOfKind =>
  taken === undefined ? { kind: 'vcpu', step } : { kind: 'vcpu', step, case: taken }

/** The step as one that vCPU `v` owes; for another kind of thread `v` is its number, null if there is one only. */
export function by(
  v: number | null,
  { kind, ...step }: StepOfKind,
  conditions: Pick<OwedStep<Kvm>, 'before' | 'after'> = {},
): OwedStep<Kvm> {
  return { thread: v === null ? kind : `${kind}${v}`, ...step, ...conditions }
}

/** One of these steps is owed. */
export const oneOf = (...steps: readonly OwedStep<Kvm>[]): Owed<Kvm> => ({ oneOf: steps })

/** Thread `v` owes these steps, one after the other. */
export const owes = (v: number | null, ...steps: readonly StepOfKind[]): Owed<Kvm>[] =>
  steps.map((s) => oneOf(by(v, s)))
