import { type StateVariables, variablesOf } from '../../counterexamples/state-variables.ts'
import type { Cellstore } from '../../model/language/fields.ts'
import { checkEffect, truthOf } from '../../model/language/model-code.ts'
import { Oops } from '../../model/language/property.ts'
import type { Counters, System } from '../../model/language/system.ts'
import type { CompiledStep } from '../compile/step-table.ts'
import type { FieldValue } from './rejection.ts'

/** What a step does in one state: which case is taken, or why none is. */
export type Tried =
  | { readonly kind: 'taken'; readonly case: number; readonly after: Uint16Array }
  | { readonly kind: 'blocked' }
  | { readonly kind: 'oops'; readonly message: string }

/** Runs steps on single states and remembers what their guards read. For explanations, where speed does not matter. */
export class SingleSteps implements Cellstore {
  readonly #system: System
  readonly #view: { readonly world: never; readonly at: Counters }
  #values = new Uint16Array(0)
  readonly #read = new Set<number>()
  #guardReads: readonly number[] = []
  readonly #variables: StateVariables

  constructor(system: System) {
    this.#system = system
    this.#view = system.view(this)
    this.#variables = variablesOf(system)
  }

  read(field: number): number {
    this.#read.add(field)
    return this.#values[field]
  }

  write(field: number, value: number): void {
    this.#values[field] = value
  }

  /** The view of a state. Writes change the state. */
  show(encoded: Uint16Array): { readonly world: never; readonly at: Counters } {
    this.#values = encoded as Uint16Array<ArrayBuffer>
    return this.#view
  }

  /** Takes a step in a state, which is not changed. */
  try({ thread, self, cases }: CompiledStep, encoded: Uint16Array): Tried {
    const after = encoded.slice()
    const { world } = this.show(after)
    this.#read.clear()
    try {
      const taken = cases.findIndex(({ guard }) => guard === undefined || truthOf(guard(world, self)))
      this.#guardReads = [...this.#read]
      if (taken < 0) return { kind: 'blocked' }
      for (const effect of cases[taken].effects) checkEffect(effect(world, self))
      after[this.#system.threads[thread].counter.index] = cases[taken].target
      return { kind: 'taken', case: taken, after }
    } catch (error) {
      if (!(error instanceof Oops)) throw error
      return { kind: 'oops', message: error.message }
    }
  }

  /** What the guards of the step that was tried last have read in that state, in order. */
  guardReads(encoded: Uint16Array): FieldValue[] {
    const read = new Set(this.#guardReads.map((field) => this.#variables.of(field)))
    return [...read].map((variable) => ({ field: variable.path, value: variable.value(encoded) }))
  }
}
