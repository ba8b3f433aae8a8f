import type { Batch } from './batch.ts'
import { measuredCollision } from './collisions.ts'
import { nonZero, type SharedTable } from './shared-table.ts'
import type { StateTable } from './state-table.ts'
import { VectorStore } from './vector-store.ts'
import { FurtherLanes } from './wide-fingerprint-set.ts'

const { chunkBits, chunkMask } = VectorStore

/** WideFingerprintSet for several threads: slots of `[low, high, further lanes]`, claimed by the low lane. */
export class SharedWideFingerprintSet implements StateTable {
  readonly lossy = true
  readonly bits: 96 | 128
  readonly #table: SharedTable
  readonly #store: VectorStore
  readonly #hash: FurtherLanes
  readonly #candidate: Int32Array

  /** @param store this thread's store; gets the states it finds first. @param seed the same in all threads. */
  constructor(table: SharedTable, store: VectorStore, bits: 96 | 128, seed: number) {
    this.#table = table
    this.#store = store
    this.bits = bits
    this.#hash = new FurtherLanes(store.words, seed)
    this.#candidate = new Int32Array(store.words)
  }

  get bytes(): number {
    return this.#table.bytes
  }

  get collisionMeasured(): number {
    return measuredCollision(this.#table.slots, this.#table.stride, this.#table.taken, this.bits)
  }

  insert(batch: Batch, records: Int32Array): void {
    const { words, chunks } = this.#store
    const { low, high, source, record, found, count } = batch
    const candidate = this.#candidate
    this.#table.prefetch(low, count)
    for (let k = 0; k < count; k++) {
      const from = chunks[source[k] >>> chunkBits]
      const base = (source[k] & chunkMask) * words
      const change = record[k] - words
      for (let w = 0; w < words; w++) candidate[w] = from[base + w] ^ records[change + w]
      found[k] = this.insertState(candidate, 0, low[k], high[k])
    }
  }

  insertState(words: Int32Array, base: number, low: number, high: number): number {
    this.#hash.of(words, base)
    const { slots, mask, stride } = this.#table
    const { lanes } = this.#hash
    const lo = nonZero(low)
    const hi = nonZero(high)
    for (let slot = lo & mask; ; slot = (slot + 1) & mask) {
      const at = slot * stride
      let key = slots[at]
      if (key === 0) {
        key = Atomics.compareExchange(slots, at, 0, lo)
        if (key === 0) {
          for (let lane = 2; lane < stride; lane++) slots[at + lane] = lanes[lane - 2]
          Atomics.store(slots, at + 1, hi)
          this.#table.addTaken(1)
          return ~this.#store.append(words, base, low, high)
        }
      }
      if (key !== lo || this.#table.published(at) !== hi || slots[at + 2] !== lanes[0]) continue
      if (stride === 3 || slots[at + 3] === lanes[1]) return 0
    }
  }
}
