import type { Batch } from './batch.ts'
import { nonZero, type SharedTable } from './shared-table.ts'
import type { StateTable } from './state-table.ts'
import { VectorStore } from './vector-store.ts'

const { chunkBits, chunkMask } = VectorStore

/** Bits of an entry that hold the state's number within its thread's store; the thread's number is above them. */
const NUMBER_BITS = 28
const NUMBER_MASK = (1 << NUMBER_BITS) - 1

/** Most states that one thread can find; one less than the bits allow, because 0 means "not published". */
export const MOST_STATES = NUMBER_MASK

/** The entry of state `number` of a thread: its number for all threads, never 0. */
export const entryOf = (thread: number, number: number): number => (thread << NUMBER_BITS) | (number + 1)

/** The thread in whose store the state of an entry is, and its number there. */
export const entryThread = (entry: number): number => entry >>> NUMBER_BITS
export const entryNumber = (entry: number): number => (entry & NUMBER_MASK) - 1

/** The full states of all threads. */
export interface AllVectors {
  /** Packed states by thread and chunk; a chunk may be missing until `receive` is called. */
  readonly vectors: readonly (readonly Int32Array[])[]
  /** Adds the missing chunks of a thread. */
  receive(thread: number): void
}

/**
 * ExactSet for several threads: slots of `[hash, thread and number + 1]`, claimed by writing the hash. The thread
 * that claims a slot puts the state into its store before it publishes the number in the slot. Of a known state, a batch
 * gets the entry.
 */
export class SharedExactSet implements StateTable {
  readonly lossy = false
  readonly #table: SharedTable
  readonly #store: VectorStore
  readonly #all: AllVectors
  readonly #me: number
  readonly #candidate: Int32Array

  /** @param store this thread's store, which keeps states. @param me number of this thread, below 8. */
  constructor(table: SharedTable, store: VectorStore, all: AllVectors, me: number) {
    this.#table = table
    this.#store = store
    this.#all = all
    this.#me = me << NUMBER_BITS
    this.#candidate = new Int32Array(store.words)
  }

  get bytes(): number {
    return this.#table.bytes
  }

  insert(batch: Batch, records: Int32Array): void {
    const { slots, mask } = this.#table
    const wrap = (mask << 1) | 1
    const { low, high, source, record, found, count } = batch
    const store = this.#store
    this.#table.prefetch(low, count)
    let fresh = 0
    for (let k = 0; k < count; k++) {
      const hash = nonZero(low[k])
      let at = (hash & mask) << 1
      for (;;) {
        let key = slots[at]
        if (key === 0) {
          key = Atomics.compareExchange(slots, at, 0, hash)
          if (key === 0) {
            const id = store.appendSuccessor(source[k], records, record[k], low[k], high[k])
            Atomics.store(slots, at + 1, this.#me | (id + 1))
            found[k] = ~id
            fresh++
            break
          }
        }
        if (key === hash) {
          const entry = this.#table.published(at)
          if (this.#isSuccessor(entry, source[k], records, record[k])) {
            found[k] = entry
            break
          }
        }
        at = (at + 2) & wrap
      }
    }
    this.#table.addTaken(fresh)
  }

  insertState(words: Int32Array, base: number, low: number, high: number): number {
    const { slots, mask } = this.#table
    const hash = nonZero(low)
    for (let w = 0; w < this.#store.words; w++) this.#candidate[w] = words[base + w]
    for (let slot = hash & mask; ; slot = (slot + 1) & mask) {
      const key = Atomics.compareExchange(slots, 2 * slot, 0, hash)
      if (key === 0) {
        const id = this.#store.append(words, base, low, high)
        Atomics.store(slots, 2 * slot + 1, this.#me | (id + 1))
        this.#table.addTaken(1)
        return ~id
      }
      if (key === hash && this.#isCandidate(this.#table.published(2 * slot))) return 0
    }
  }

  /** Whether a published state is the successor by a transition of `source`, a state in this thread's store. */
  #isSuccessor(entry: number, source: number, records: Int32Array, record: number): boolean {
    const { words, chunks } = this.#store
    const chunk = this.#chunkOf(entry)
    const base = (((entry & NUMBER_MASK) - 1) & chunkMask) * words
    const from = chunks[source >>> chunkBits]
    const start = (source & chunkMask) * words
    const change = record - words
    for (let w = 0; w < words; w++)
      if (chunk[base + w] !== (from[start + w] ^ records[change + w])) return false
    return true
  }

  #isCandidate(entry: number): boolean {
    const { words } = this.#store
    const chunk = this.#chunkOf(entry)
    const base = (((entry & NUMBER_MASK) - 1) & chunkMask) * words
    for (let w = 0; w < words; w++) if (chunk[base + w] !== this.#candidate[w]) return false
    return true
  }

  #chunkOf(entry: number): Int32Array {
    const thread = entry >>> NUMBER_BITS
    const chunk = ((entry & NUMBER_MASK) - 1) >>> chunkBits
    const known = this.#all.vectors[thread][chunk]
    if (known !== undefined) return known
    this.#all.receive(thread)
    return this.#all.vectors[thread][chunk]
  }
}
