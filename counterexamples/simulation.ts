import { Reference } from '../model/language/reference.ts'
import { Observer } from './observer.ts'
import type { Replayed } from './replay.ts'

/** A stale read: a thread read a value, another thread changed it later, and the first did not read it again. */
export interface Race {
  readonly field: number
  /** Index of the step that read. */
  readonly read: number
  /** Index of the step that changed the value. */
  readonly write: number
}

/**
 * How a trace ends when one step reads another value: it still fails, it does not, it cannot be taken, or a last state
 * does not tell.
 */
export type Ending = 'fails' | 'holds' | 'impossible' | 'unknown'

/** Retakes the steps of a trace from states that are not on it. */
export class Simulation {
  readonly #replayed: Replayed
  readonly #reference: Reference
  readonly #observer: Observer

  constructor(replayed: Replayed) {
    this.#replayed = replayed
    this.#reference = new Reference(replayed.system)
    this.#observer = new Observer(replayed.system)
  }

  /**
   * The ending of the trace in which the stale read finds the value that it missed.
   */
  without({ field, read, write }: Race): Ending {
    const after = this.#replayed.states[write + 1] as Uint16Array | undefined
    return after === undefined ? 'unknown' : this.from(read, field, after[field])
  }

  /** The ending of the trace from step `at` on, with this value in a field before it. */
  from(at: number, field: number, value: number): Ending {
    const { states, counterexample, property } = this.#replayed
    if (!['invariant', 'witness', 'fault'].includes(property.kind)) return 'unknown'
    const start = states[at].slice()
    start[field] = value
    let snapshot = this.#reference.snapshot(start)
    const steps = counterexample.steps.slice(at)
    try {
      for (const [n, step] of steps.entries()) {
        const outcome = this.#reference.step(snapshot, step)
        if (outcome.kind === 'fault') {
          const isLast = n === steps.length - 1
          return property.kind === 'fault' && isLast && outcome.fault.property === property.id
            ? 'fails'
            : 'impossible'
        }
        if (outcome.kind === 'blocked') return 'impossible'
        snapshot = outcome.next
      }
      return this.#isViolated(this.#reference.encode(snapshot)) ? 'fails' : 'holds'
    } catch {
      // Model code may throw in a state that cannot occur.
      return 'impossible'
    }
  }

  #isViolated(state: Uint16Array): boolean {
    const { property } = this.#replayed
    if (property.kind === 'witness') return this.#observer.state(state, property.seen).answer
    if (property.kind !== 'invariant') return false
    return this.#observer.state(state, (w, at) => (property.given?.(w, at) ?? true) && !property.holds(w, at))
      .answer
  }
}
