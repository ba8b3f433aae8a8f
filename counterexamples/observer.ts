import { ModelError } from '../model/language/errors.ts'
import type { LocatedStep } from '../model/language/machine.ts'
import { Oops } from '../model/language/property.ts'
import type { Counters, System } from '../model/language/system.ts'

/** Fields whose previous value model code used; reads of values it wrote itself do not count. */
export type Reads = ReadonlySet<number>

/** A scratch state that records reads. A write without a read is not a read. */
class ObservedState {
  state: Uint16Array = new Uint16Array(0)
  reads = new Set<number>()
  written = new Set<number>()
  frozen = false

  load(state: Uint16Array, frozen: boolean): void {
    this.frozen = frozen
    this.state = state.slice()
    this.reads = new Set()
    this.written = new Set()
  }

  read(field: number): number {
    if (!this.written.has(field)) this.reads.add(field)
    return this.state[field]
  }

  write(field: number, value: number): void {
    if (this.frozen) throw new ModelError('a property writes to the state; only effects may')
    this.written.add(field)
    this.state[field] = value
  }
}

/** What a step did when it was observed. */
export interface WatchedStep {
  readonly reads: Reads
  readonly outcome: 'taken' | 'blocked' | 'fault'
  readonly fault: Oops | null
}

/** Runs model code on given states and records what it reads. Slow: for explaining traces, not for searching. */
export class Observer {
  readonly #first = new ObservedState()
  readonly #second = new ObservedState()
  readonly #view: { readonly world: never; readonly at: Counters }
  readonly #secondView: { readonly world: never; readonly at: Counters }

  constructor(system: System) {
    this.#view = system.view(this.#first)
    this.#secondView = system.view(this.#second)
  }

  /** Takes a step of thread `self`, which must be at the step's program counter. */
  step(state: Uint16Array, located: LocatedStep<never>, self: number): WatchedStep {
    const store = this.#first
    store.load(state, false)
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

  /** Evaluates a predicate in a state. */
  state<T>(state: Uint16Array, ask: (world: never, at: Counters) => T): { reads: Reads; answer: T } {
    this.#first.load(state, true)
    const answer = ask(this.#view.world, this.#view.at)
    return { reads: this.#first.reads, answer }
  }

  /** Evaluates a predicate on a transition: the states before and after it. */
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
