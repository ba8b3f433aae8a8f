import { doubledBytes, MOST_ARRAY_BYTES, mostSlots } from './array-bounds.ts'
import type { Batch } from './batch.ts'
import { measuredCollision } from './collisions.ts'
import { prefetchSlots } from './prefetch-slots.ts'
import type { Rows } from './rows.ts'
import { SIZES } from './sizes.ts'
import type { StateTable } from './state-table.ts'
import { tableProblem } from './table-problem.ts'
import type { VectorStore } from './vector-store.ts'

/**
 * The visited set as 64-bit fingerprints: 8 bytes per slot; states are dropped once expanded. Two states with the
 * same fingerprint are taken for one; see tabulation.ts for how likely that is.
 */
export class FingerprintSet implements StateTable {
  readonly lossy = true
  readonly bits = 64
  readonly mostStates: number
  readonly #store: VectorStore
  /** `[low, high]` per slot; (0, 0) means free. */
  #table: Int32Array
  #mask: number
  /** Result of the last prefetch; stored so that its reads are not optimised away. */
  prefetched = 0

  constructor(store: VectorStore, capacity = SIZES.slots, mostBytes = MOST_ARRAY_BYTES) {
    this.#store = store
    this.mostStates = (mostSlots(8, mostBytes) * 3) / 4
    this.#table = new Int32Array(capacity * 2)
    this.#mask = capacity - 1
  }

  get bytes(): number {
    return this.#table.byteLength
  }

  get collisionMeasured(): number {
    return measuredCollision(this.#table, 2, this.#store.count, this.bits)
  }

  insert(batch: Batch, records: Int32Array): void {
    const n = batch.count
    this.#reserve(n)
    const table = this.#table
    const mask = this.#mask
    const { low, high, found } = batch
    this.prefetch(low, n)
    for (let k = 0; k < n; k++) {
      const lo = low[k]
      const hi = lo === 0 && high[k] === 0 ? 1 : high[k]
      let at = (lo & mask) << 1
      for (;;) {
        const storedLow = table[at]
        const storedHigh = table[at + 1]
        if (storedLow === lo && storedHigh === hi) {
          found[k] = 0
          break
        }
        if (storedLow === 0 && storedHigh === 0) {
          table[at] = lo
          table[at + 1] = hi
          found[k] = -1
          break
        }
        at = (at + 2) & ((mask << 1) | 1)
      }
    }
    batch.compact()
    this.#store.appendFresh(batch, records)
  }

  get contents(): Int32Array {
    return this.#table
  }

  adopt(contents: Int32Array, states: number): string | null {
    const problem = tableProblem(contents, 2, states)
    if (problem !== null) return problem
    this.#table = contents
    this.#mask = contents.length / 2 - 1
    return null
  }

  restoreState(_: number, __: Int32Array, ___: number, low: number, high: number): number {
    const hi = low === 0 && high === 0 ? 1 : high
    for (let slot = low & this.#mask; ; slot = (slot + 1) & this.#mask) {
      const storedLow = this.#table[slot << 1]
      const storedHigh = this.#table[(slot << 1) + 1]
      if (storedLow === low && storedHigh === hi) return slot
      if (storedLow === 0 && storedHigh === 0) return -1
    }
  }

  growthFor(more: number): number {
    return doubledBytes(this.#table, Math.ceil((8 * (this.#store.count + more)) / 3))
  }

  prefetch(low: Int32Array, count: number): void {
    this.prefetched = prefetchSlots(this.#table, this.#mask, low, count)
  }

  insertRows({ data, at, low, count, offset, found }: Rows): void {
    this.#reserve(count)
    const table = this.#table
    const mask = this.#mask
    this.prefetch(low, count)
    for (let k = 0; k < count; k++) {
      const row = at[k]
      const lo = low[k]
      const hi = lo === 0 && data[row + 1] === 0 ? 1 : data[row + 1]
      let slot = (lo & mask) << 1
      for (;;) {
        const storedLow = table[slot]
        const storedHigh = table[slot + 1]
        if (storedLow === lo && storedHigh === hi) {
          found[k] = 0
          break
        }
        if (storedLow === 0 && storedHigh === 0) {
          table[slot] = lo
          table[slot + 1] = hi
          found[k] = ~this.#store.append(data, row + offset, lo, data[row + 1])
          break
        }
        slot = (slot + 2) & ((mask << 1) | 1)
      }
    }
  }

  insertState(words: Int32Array, base: number, low: number, high: number): number {
    this.#reserve(1)
    const hi = low === 0 && high === 0 ? 1 : high
    let slot = low & this.#mask
    for (;;) {
      const storedLow = this.#table[slot << 1]
      const storedHigh = this.#table[(slot << 1) + 1]
      if (storedLow === low && storedHigh === hi) return 0
      if (storedLow === 0 && storedHigh === 0) {
        this.#table[slot << 1] = low
        this.#table[(slot << 1) + 1] = hi
        return ~this.#store.append(words, base, low, high)
      }
      slot = (slot + 1) & this.#mask
    }
  }

  #reserve(more: number): void {
    if ((this.#store.count + more) * 4 <= (this.#mask + 1) * 3) return
    const old = this.#table
    let mask = this.#mask * 2 + 1
    while ((this.#store.count + more) * 4 > (mask + 1) * 3) mask = mask * 2 + 1
    const table = new Int32Array((mask + 1) * 2)
    for (let from = 0; from < old.length; from += 2) {
      if (old[from] === 0 && old[from + 1] === 0) continue
      let slot = old[from] & mask
      while (table[slot << 1] !== 0 || table[(slot << 1) + 1] !== 0) slot = (slot + 1) & mask
      table[slot << 1] = old[from]
      table[(slot << 1) + 1] = old[from + 1]
    }
    this.#table = table
    this.#mask = mask
  }
}
