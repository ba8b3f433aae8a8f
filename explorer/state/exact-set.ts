import { doubledBytes, MOST_ARRAY_BYTES, mostSlots } from './array-bounds.ts'
import type { Batch } from './batch.ts'
import { prefetchSlots } from './prefetch-slots.ts'
import { SIZES } from './sizes.ts'
import type { StateTable } from './state-table.ts'
import { VectorStore } from './vector-store.ts'

const { chunkBits, chunkMask } = VectorStore

/**
 * The exact visited set: an open-addressing table of (hash, state number). States with equal hashes are compared
 * in full; the store keeps them.
 */
export class ExactSet implements StateTable {
  readonly lossy = false
  readonly mostStates: number
  readonly #store: VectorStore
  /** `[hash, number + 1]` per slot; a slot with 0 as its second word is free. */
  #table: Int32Array
  #mask: number
  readonly #candidate: Int32Array
  /** Result of the last prefetch; stored so that its reads are not optimised away. */
  prefetched = 0

  constructor(store: VectorStore, capacity = SIZES.slots, mostBytes = MOST_ARRAY_BYTES) {
    this.#store = store
    this.mostStates = Math.floor((mostSlots(8, mostBytes) * 2) / 3)
    this.#table = new Int32Array(capacity * 2)
    this.#mask = capacity - 1
    this.#candidate = new Int32Array(store.words)
  }

  get bytes(): number {
    return this.#table.byteLength
  }

  insert(batch: Batch, records: Int32Array): void {
    const n = batch.count
    this.#reserve(n)
    const table = this.#table
    const mask = this.#mask
    const { low, high, source, record, found } = batch
    this.prefetch(low, n)
    for (let k = 0; k < n; k++) {
      const hash = low[k]
      let slot = hash & mask
      for (;;) {
        const entry = table[(slot << 1) + 1]
        if (entry === 0) {
          const id = this.#store.appendSuccessor(source[k], records, record[k], hash, high[k])
          table[slot << 1] = hash
          table[(slot << 1) + 1] = id + 1
          found[k] = ~id
          break
        }
        if (table[slot << 1] === hash) {
          if (this.#isSuccessor(entry - 1, source[k], records, record[k])) {
            found[k] = entry - 1
            break
          }
        }
        slot = (slot + 1) & mask
      }
    }
  }

  adopt(_: null, states: number): null {
    let slots = this.#mask + 1
    while (states * 3 > slots * 2) slots *= 2
    this.#table = new Int32Array(slots * 2)
    this.#mask = slots - 1
    return null
  }

  restoreState(id: number, words: Int32Array, base: number, low: number): number {
    for (let w = 0; w < this.#store.words; w++) this.#candidate[w] = words[base + w]
    let slot = low & this.#mask
    for (;;) {
      const entry = this.#table[(slot << 1) + 1]
      if (entry === 0) break
      if (this.#table[slot << 1] === low && this.#equals(entry - 1)) return -1
      slot = (slot + 1) & this.#mask
    }
    this.#table[slot << 1] = low
    this.#table[(slot << 1) + 1] = id + 1
    return slot
  }

  growthFor(more: number): number {
    return doubledBytes(this.#table, 3 * (this.#store.count + more))
  }

  prefetch(low: Int32Array, count: number): void {
    this.prefetched = prefetchSlots(this.#table, this.#mask, low, count)
  }

  insertState(words: Int32Array, base: number, low: number, high: number): number {
    this.#reserve(1)
    for (let w = 0; w < this.#store.words; w++) this.#candidate[w] = words[base + w]
    let slot = low & this.#mask
    for (;;) {
      const entry = this.#table[(slot << 1) + 1]
      if (entry === 0) {
        const id = this.#store.append(words, base, low, high)
        this.#table[slot << 1] = low
        this.#table[(slot << 1) + 1] = id + 1
        return ~id
      }
      if (this.#table[slot << 1] === low && this.#equals(entry - 1)) return entry - 1
      slot = (slot + 1) & this.#mask
    }
  }

  /** Whether state `id` is the successor of `source` by a transition. */
  #isSuccessor(id: number, source: number, records: Int32Array, record: number): boolean {
    const { words, chunks } = this.#store
    const chunk = chunks[id >>> chunkBits]
    const base = (id & chunkMask) * words
    const from = chunks[source >>> chunkBits]
    const start = (source & chunkMask) * words
    const change = record - words
    for (let w = 0; w < words; w++)
      if (chunk[base + w] !== (from[start + w] ^ records[change + w])) return false
    return true
  }

  #equals(id: number): boolean {
    const { words, chunks } = this.#store
    const chunk = chunks[id >>> chunkBits]
    const base = (id & chunkMask) * words
    const candidate = this.#candidate
    for (let w = 0; w < words; w++) if (chunk[base + w] !== candidate[w]) return false
    return true
  }

  /** Keeps the table at most two thirds full. */
  #reserve(more: number): void {
    if ((this.#store.count + more) * 3 <= (this.#mask + 1) * 2) return
    const old = this.#table
    let mask = this.#mask * 2 + 1
    while ((this.#store.count + more) * 3 > (mask + 1) * 2) mask = mask * 2 + 1
    const table = new Int32Array((mask + 1) * 2)
    for (let from = 0; from < old.length; from += 2) {
      if (old[from + 1] === 0) continue
      let slot = old[from] & mask
      while (table[(slot << 1) + 1] !== 0) slot = (slot + 1) & mask
      table[slot << 1] = old[from]
      table[(slot << 1) + 1] = old[from + 1]
    }
    this.#table = table
    this.#mask = mask
  }
}
