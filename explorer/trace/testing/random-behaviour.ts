import { EncodedValues } from '../../../model/language/layout.ts'
import type { System } from '../../../model/language/system.ts'
import { CompiledSystem } from '../../compile/compiled-system.ts'
import { Successors } from '../../search/successors.ts'

/** A step that was taken, and the states before and after it. */
export interface Taken<W> {
  readonly kind: string
  readonly self: number
  readonly path: string
  readonly case: number
  readonly before: W
  readonly after: W
}

/** The events that a recording would have of a step; null for a step that random behaviours do not take. */
export type EventsOf<W, E> = (taken: Taken<W>) => readonly E[] | null

/** Prints the steps of a system. */
class Printer<W, E> {
  readonly compiled: CompiledSystem
  readonly #successors: Successors
  readonly #system: System<W>
  readonly #eventsOf: EventsOf<W, E>
  readonly #before: EncodedValues
  readonly #after: EncodedValues
  readonly #worlds: { readonly before: W; readonly after: W }

  constructor(system: System<W>, eventsOf: EventsOf<W, E>) {
    this.#system = system
    this.#eventsOf = eventsOf
    this.compiled = new CompiledSystem(system as System)
    this.#successors = new Successors(this.compiled)
    const { length } = system.layout.fields
    this.#before = new EncodedValues(length)
    this.#after = new EncodedValues(length)
    this.#worlds = {
      before: system.view(this.#before).world as unknown as W,
      after: system.view(this.#after).world as unknown as W,
    }
  }

  get initial(): Int32Array {
    const { layout, initial } = this.#system
    const words = new Int32Array(layout.words)
    layout.pack(initial[0], words, 0)
    return words
  }

  /** The states that a step leads to, each with what the step prints. */
  next(words: Int32Array): { words: Int32Array; events: readonly E[] }[] {
    const count = this.#successors.find(words, 0)
    const found = []
    for (let k = 0; k < count; k++) {
      if (this.#successors.faults(k)) continue
      const step = this.compiled.steps[this.#successors.steps[k]]
      // The kernel sends a request to one vCPU after the other, by index; the model in any order.
      const before = k === 0 ? undefined : this.compiled.steps[this.#successors.steps[k - 1]]
      if (step.path.includes('/REQ.1[') && before?.thread === step.thread) continue
      const to = words.slice()
      this.#successors.apply(k, to, 0)
      const { layout, threads } = this.#system
      layout.unpack(words, 0, this.#before.values)
      layout.unpack(to, 0, this.#after.values)
      const taken = step.cases.findIndex(
        ({ guard }) => guard === undefined || guard(this.#worlds.before, step.self),
      )
      const { kind } = threads[step.thread].program
      const { self, path } = step
      const events = this.#eventsOf({ kind, self, path, case: taken, ...this.#worlds })
      if (events !== null) found.push({ words: to, events })
    }
    return found
  }
}

/** Behaviours of a system, chosen at random and printed: `printed(1000, 7)` has up to 1000 steps, of seed 7. */
export function randomBehaviours<W, E>(
  system: System<W>,
  eventsOf: EventsOf<W, E>,
): (length: number, seed: number) => E[] {
  const steps = new Printer(system, eventsOf)
  return (length, seed) => {
    let random = seed
    const draw = (below: number): number => {
      random = (Math.imul(random, 1103515245) + 12345) & 0x7fffffff
      return Math.floor((random / 0x80000000) * below)
    }
    let words = steps.initial
    const printed: E[] = []
    for (let n = 0; n < length; n++) {
      const next = steps.next(words)
      if (next.length === 0) break
      const chosen = next[draw(next.length)]
      words = chosen.words
      printed.push(...chosen.events)
    }
    return printed
  }
}
