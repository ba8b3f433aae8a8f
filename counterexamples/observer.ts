import { ModelError } from '../model/language/errors.ts'
import type { LocatedStep } from '../model/language/machine.ts'
import { Oops } from '../model/language/property.ts'
import type { Counters, System } from '../model/language/system.ts'

/** Which fields model code looked at: those whose value from before it used. */
export type Reads = ReadonlySet<number>

/** Codes that a step may write to in passing, with its reads noted. A blind write is not a read. */
class ObservedCodes {
  codes: Uint16Array = new Uint16Array(0)
  reads = new Set<number>()
  written = new Set<number>()
  frozen = false

  load(codes: Uint16Array, frozen: boolean): void {
    this.frozen = frozen
    this.codes = codes.slice()
    this.reads = new Set()
    this.written = new Set()
  }

  read(field: number): number {
    if (!this.written.has(field)) this.reads.add(field)
    return this.codes[field]
  }

  write(field: number, code: number): void {
    if (this.frozen) throw new ModelError('a property writes to the state; only effects may')
    this.written.add(field)
    this.codes[field] = code
  }
}

/** What a step did when it was watched. */
export interface WatchedStep {
  readonly reads: Reads
  readonly outcome: 'taken' | 'blocked' | 'fault'
  readonly fault: Oops | null
}

/** Runs model code on given states and notes what it reads. For explaining traces, not for searching. */
export class Observer {
  readonly #first = new ObservedCodes()
  readonly #second = new ObservedCodes()
  readonly #view: { readonly world: never; readonly at: Counters }
  readonly #secondView: { readonly world: never; readonly at: Counters }

  constructor(system: System) {
    this.#view = system.view(this.#first)
    this.#secondView = system.view(this.#second)
  }

  /** Takes a step of the thread with id `self`, which must be at the step's program counter. */
  step(codes: Uint16Array, located: LocatedStep<never>, self: number): WatchedStep {
    const store = this.#first
    store.load(codes, false)
    try {
      for (const { when, does } of located.step.cases) {
        if (when !== undefined && !when(this.#view.world, self)) continue
        does?.(this.#view.world, self)
        return { reads: store.reads, outcome: 'taken', fault: null }
      }
      return { reads: store.reads, outcome: 'blocked', fault: null }
    } catch (fault) {
      if (!(fault instanceof Oops)) throw fault
      return { reads: store.reads, outcome: 'fault', fault }
    }
  }

  /** Asks about one state. */
  state<T>(codes: Uint16Array, ask: (world: never, at: Counters) => T): { reads: Reads; answer: T } {
    this.#first.load(codes, true)
    const answer = ask(this.#view.world, this.#view.at)
    return { reads: this.#first.reads, answer }
  }

  /** Asks about a step: the state before it and the state after it. */
  pair<T>(
    before: Uint16Array,
    after: Uint16Array,
    ask: (before: never, after: never) => T,
  ): { readsBefore: Reads; readsAfter: Reads; answer: T } {
    this.#first.load(before, true)
    this.#second.load(after, true)
    const answer = ask(this.#view.world, this.#secondView.world)
    return { readsBefore: this.#first.reads, readsAfter: this.#second.reads, answer }
  }
}
