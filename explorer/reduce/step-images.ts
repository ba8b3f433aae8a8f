import type { System } from '../../model/language/system.ts'
import type { CompiledStep } from '../compile/step-table.ts'
import type { Permutation, SymmetryGroup } from './symmetry-group.ts'

/** What permutations of ids do to threads and their steps: a thread goes where its program counter goes. */
export class StepImages {
  readonly #group: SymmetryGroup
  readonly #system: System
  readonly #steps: readonly CompiledStep[]
  readonly #threadAt: ReadonlyMap<number, number>
  /** Numbers of the steps of each thread, in order; equal for the threads of one program. */
  readonly #ofThread: readonly number[][]
  readonly #place: readonly number[]

  constructor(group: SymmetryGroup, system: System, steps: readonly CompiledStep[]) {
    this.#group = group
    this.#system = system
    this.#steps = steps
    this.#threadAt = new Map(system.threads.map((t, index) => [t.counter.index, index]))
    this.#ofThread = system.threads.map((_, t) => steps.filter((s) => s.thread === t).map((s) => s.index))
    this.#place = steps.map((s) => this.#ofThread[s.thread].indexOf(s.index))
  }

  /** Number of the step that step number `step` becomes. */
  image(step: number, permutation: Permutation): number {
    const { counter } = this.#system.threads[this.#steps[step].thread]
    const thread = this.#threadAt.get(this.#group.imageOfField(counter.index, permutation)) as number
    return this.#ofThread[thread][this.#place[step]]
  }
}
