import { doubledBytes, MOST_ARRAY_BYTES } from '../state/array-bounds.ts'
import type { Engine } from './engine.ts'
import type { Genealogy } from './genealogy.ts'
import type { StopReason } from './stop-reason.ts'

/** The parts of a search that hold memory. */
interface Parts extends Omit<Engine, 'judge' | 'checkpoint'> {
  readonly judge: { readonly bytes: number }
  readonly checkpoint: { readonly bytes: number } | null
}

/** What a search holds, and whether its tables can take what comes next. */
export class Memory {
  readonly #engine: Parts
  readonly #genealogy: () => Genealogy
  readonly #slice: number
  readonly #mostArrayBytes: number

  /** @param slice most states that are expanded between two questions. */
  constructor(engine: Parts, genealogy: () => Genealogy, slice: number, mostArrayBytes?: number) {
    this.#engine = engine
    this.#genealogy = genealogy
    this.#slice = slice
    this.#mostArrayBytes = mostArrayBytes ?? MOST_ARRAY_BYTES
  }

  /** Bytes held. */
  get bytes(): number {
    const { expander, classes, store, visited, edges, judge, checkpoint } = this.#engine
    const records = expander.lists.bytes + classes.bytes + (checkpoint?.bytes ?? 0)
    const graph = this.#genealogy().bytes + (edges?.bytes ?? 0) + judge.bytes
    return store.bytes + visited.bytes + graph + records
  }

  /** Bytes that may be allocated at once when the states from `head` on are expanded. */
  growthFrom(head: number): number {
    const { table, edges } = this.#engine
    const { states, steps } = this.#next(head)
    return (table.growthFor?.(steps) ?? 0) + (edges?.growthFor(states, steps) ?? 0)
  }

  /** Why there may be no room for what is found from `head` on, whatever memory there is, or null. */
  lackFrom(head: number): StopReason | null {
    const { store, table, edges, compiled, expander, checkpoint } = this.#engine
    const { states, steps } = this.#next(head)
    if (store.count + steps > (table.mostStates ?? Number.POSITIVE_INFINITY))
      return { kind: 'table-full', table: 'visited states' }
    if (edges?.fits(states, steps, this.#mostArrayBytes) === false)
      return { kind: 'table-full', table: 'steps between states' }
    // What a slice of states can add to these is far less than what they hold when they are that large.
    const records = [compiled.records, compiled.trees.nodes, ...expander.lists.arrays]
    const most = this.#mostArrayBytes
    const isFull = records.some((array) => doubledBytes(array, array.length + 1) > most)
    // The log of recordings grows to a little more than twice its length.
    return isFull || 3 * (checkpoint?.bytes ?? 0) > most ? { kind: 'table-full', table: 'behaviours' } : null
  }

  /** States of the next slice, and most steps from them. */
  #next(head: number): { readonly states: number; readonly steps: number } {
    const { store, compiled } = this.#engine
    const states = Math.min(this.#slice, store.count - head)
    return { states, steps: states * compiled.mostEnabled }
  }
}
