import type { System } from '../../../model/language/system.ts'
import type { CompiledStep } from '../../compile/step-table.ts'
import type { Permutation, SymmetryGroup } from './symmetry-group.ts'

/** Steps of one choice whose names differ only in a number in brackets: `REQ.1[0]`, `REQ.1[1]`. */
export interface StepFamily {
  readonly index: number
  readonly thread: number
  /** Numbers of the steps. */
  readonly steps: readonly number[]
}

/**
 * How permutations of ids act on steps. A thread is mapped to the thread that gets its program counter. A choice of
 * an id is written as one step per id; a permutation maps these steps to each other, so they form a family that is
 * tested as a unit.
 */
export class StepFamilies {
  readonly families: readonly StepFamily[]
  readonly #group: SymmetryGroup
  readonly #system: System
  readonly #familyOf: Int32Array
  readonly #threadAt: ReadonlyMap<number, number>
  /** At `f * threads + t`: the family of thread t with the same name as family f; -1 if there is none. */
  readonly #renamed: Int32Array

  constructor(group: SymmetryGroup, system: System, steps: readonly CompiledStep[]) {
    this.#group = group
    this.#system = system
    this.#threadAt = new Map(system.threads.map((t, index) => [t.counter.index, index]))
    this.#familyOf = new Int32Array(steps.length)
    const families: { index: number; thread: number; steps: number[] }[] = []
    const names: string[] = []
    const named = new Map<string, number>()
    for (const { index, thread, counter, path } of steps) {
      const name = `${counter} ${path.replace(/\[\d+\]/g, '[]')}`
      const key = `${thread} ${name}`
      const known = named.get(key) ?? families.length
      if (known === families.length) {
        families.push({ index: known, thread, steps: [] })
        names.push(name)
        named.set(key, known)
      }
      families[known].steps.push(index)
      this.#familyOf[index] = known
    }
    this.families = families
    this.#renamed = Int32Array.from(
      names.flatMap((name) => system.threads.map((_, thread) => named.get(`${thread} ${name}`) ?? -1)),
    )
  }

  familyOf(step: number): StepFamily {
    return this.families[this.#familyOf[step]]
  }

  /** The image of a family. */
  image(family: StepFamily, permutation: Permutation): StepFamily {
    const { threads } = this.#system
    const { counter } = threads[family.thread]
    const thread = this.#threadAt.get(this.#group.imageOfField(counter.index, permutation)) as number
    return this.families[this.#renamed[family.index * threads.length + thread]]
  }
}
