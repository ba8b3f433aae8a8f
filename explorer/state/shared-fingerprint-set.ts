import type { Batch } from './batch.ts'
import { measuredCollision } from './collisions.ts'
import { nonZero, type SharedTable } from './shared-table.ts'
import type { StateTable } from './state-table.ts'
import type { VectorStore } from './vector-store.ts'

/** FingerprintSet for several threads: slots of `[low, high]`, claimed by the low lane. */
export class SharedFingerprintSet implements StateTable {
  readonly lossy = true
  readonly bits = 64
  readonly #table: SharedTable
  readonly #store: VectorStore

  /** @param store this thread's store; gets the states that this thread finds first. */
  constructor(table: SharedTable, store: VectorStore) {
    this.#table = table
    this.#store = store
  }

  get bytes(): number {
    return this.#table.bytes
  }

  get collisionMeasured(): number {
    return measuredCollision(this.#table.slots, 2, this.#table.taken, this.bits)
  }

  insert(batch: Batch, records: Int32Array): void {
    const { slots, mask } = this.#table
    const wrap = (mask << 1) | 1
    const { low, high, found, count } = batch
    this.#table.prefetch(low, count)
    for (let k = 0; k < count; k++) {
      const lo = nonZero(low[k])
      const hi = nonZero(high[k])
      let at = (lo & mask) << 1
      for (;;) {
        let key = slots[at]
        if (key === 0) {
          key = Atomics.compareExchange(slots, at, 0, lo)
          if (key === 0) {
            // A plain store is enough: it publishes no other data, and waiting threads read it with Atomics.load.
            slots[at + 1] = hi
            found[k] = -1
            break
          }
        }
        if (key === lo) {
          const other = slots[at + 1]
          if ((other === 0 ? this.#table.published(at) : other) === hi) {
            found[k] = 0
            break
          }
        }
        at = (at + 2) & wrap
      }
    }
    batch.compact()
    this.#store.appendFresh(batch, records)
    this.#table.addTaken(batch.freshCount)
  }

  insertState(words: Int32Array, base: number, low: number, high: number): number {
    const { slots, mask } = this.#table
    const lo = nonZero(low)
    const hi = nonZero(high)
    for (let slot = lo & mask; ; slot = (slot + 1) & mask) {
      const key = Atomics.compareExchange(slots, 2 * slot, 0, lo)
      if (key === 0) {
        Atomics.store(slots, 2 * slot + 1, hi)
        this.#table.addTaken(1)
        return ~this.#store.append(words, base, low, high)
      }
      if (key === lo && this.#table.published(2 * slot) === hi) return 0
    }
  }
}
