import { doubledBytes, MOST_ARRAY_BYTES } from '../state/array-bounds.ts'
import type { Engine } from './composition.ts'
import type { ParentTable } from './parent-table.ts'
import type { StopReason } from './stop-reason.ts'

/** The parts of a search that hold memory. */
interface Parts extends Omit<Engine, 'monitor' | 'checkpoint'> {
  readonly monitor: { readonly bytes: number }
  readonly checkpoint: { readonly bytes: number } | null
}

/** How much memory a search uses, and whether its tables have room for the next slice of states. */
export class MemoryUse {
  readonly #engine: Parts
  readonly #parents: () => ParentTable
  readonly #slice: number
  readonly #mostArrayBytes: number

  /** @param slice most states that are expanded between two calls of `lackFrom`. */
  constructor(engine: Parts, parents: () => ParentTable, slice: number, mostArrayBytes?: number) {
    this.#engine = engine
    this.#parents = parents
    this.#slice = slice
    this.#mostArrayBytes = mostArrayBytes ?? MOST_ARRAY_BYTES
  }

  /** Bytes held. */
  get bytes(): number {
    const { expander, valuations, store, visited, stateGraph, monitor, checkpoint } = this.#engine
    const records = expander.lists.bytes + valuations.bytes + (checkpoint?.bytes ?? 0)
    const graph = this.#parents().bytes + (stateGraph?.bytes ?? 0) + monitor.bytes
    return store.bytes + visited.bytes + graph + records
  }

  /** Most bytes that expanding the next slice from `head` may allocate at once. */
  growthFrom(head: number): number {
    const { table, stateGraph } = this.#engine
    const { states, steps } = this.#next(head)
    return (table.growthFor?.(steps) ?? 0) + (stateGraph?.growthFor(states, steps) ?? 0)
  }

  /** Which table may overflow its maximum size when the next slice is expanded, as a reason to stop; or null. */
  lackFrom(head: number): StopReason | null {
    const { store, table, stateGraph, compiled, expander, checkpoint } = this.#engine
    const { states, steps } = this.#next(head)
    if (store.count + steps > (table.mostStates ?? Number.POSITIVE_INFINITY))
      return { kind: 'table-full', table: 'visited states' }
    if (stateGraph?.fits(states, steps, this.#mostArrayBytes) === false)
      return { kind: 'table-full', table: 'steps between states' }
    // These grow by far less in one slice than by doubling once.
    const records = [compiled.records, compiled.trees.nodes, ...expander.lists.arrays]
    const most = this.#mostArrayBytes
    const isFull = records.some((array) => doubledBytes(array, array.length + 1) > most)
    // The log of recordings grows to slightly more than twice its length.
    return isFull || 3 * (checkpoint?.bytes ?? 0) > most
      ? { kind: 'table-full', table: 'transition records' }
      : null
  }

  /** Number of states in the next slice, and most steps from them. */
  #next(head: number): { readonly states: number; readonly steps: number } {
    const { store, compiled } = this.#engine
    const states = Math.min(this.#slice, store.count - head)
    return { states, steps: states * compiled.mostEnabled }
  }
}
