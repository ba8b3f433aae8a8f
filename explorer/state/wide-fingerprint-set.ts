import { doubledBytes, MOST_ARRAY_BYTES, mostSlots } from './array-bounds.ts'
import type { Batch } from './batch.ts'
import { measuredCollision } from './collisions.ts'
import { SIZES } from './sizes.ts'
import type { StateTable } from './state-table.ts'
import { tableProblem } from './table-problem.ts'
import { xoshiro } from './tabulation.ts'
import { VectorStore } from './vector-store.ts'

const { chunkBits, chunkMask } = VectorStore

/** The third and fourth lane of a hash, by tabulation over the bytes of the packed words. */
export class FurtherLanes {
  readonly lanes = new Int32Array(2)
  readonly #words: number
  /** One random word per byte of the state vector, value and lane. */
  readonly #random: readonly Int32Array[]

  constructor(words: number, seed: number) {
    this.#words = words
    const random = xoshiro(~seed)
    this.#random = [0, 1].map(() => Int32Array.from({ length: words * 4 * 256 }, random))
  }

  /** Computes `lanes` for the packed state at `base`. */
  of(words: Int32Array, base: number): void {
    const [first, second] = this.#random
    let a = 0
    let b = 0
    for (let w = 0; w < this.#words; w++) {
      const word = words[base + w]
      for (let byte = 0; byte < 4; byte++) {
        const entry = ((w * 4 + byte) << 8) | ((word >>> (8 * byte)) & 255)
        a ^= first[entry]
        b ^= second[entry]
      }
    }
    this.lanes[0] = a
    this.lanes[1] = b
  }
}

/**
 * The visited set as fingerprints of 96 or 128 bits. The first two lanes come with the states; the others are
 * computed here, by FurtherLanes, independently of them.
 */
export class WideFingerprintSet implements StateTable {
  readonly lossy = true
  readonly bits: 96 | 128
  readonly mostStates: number
  readonly #store: VectorStore
  /** Lanes per slot, 3 or 4; a slot with (0, 0) in the first two is free. */
  readonly #lanes: number
  #table: Int32Array
  #mask: number
  readonly #candidate: Int32Array
  readonly #hash: FurtherLanes
  /** Result of the last prefetch; stored so that its reads are not optimised away. */
  prefetched = 0

  constructor(
    store: VectorStore,
    bits: 96 | 128,
    seed: number,
    capacity = SIZES.slots,
    mostBytes = MOST_ARRAY_BYTES,
  ) {
    this.bits = bits
    this.#store = store
    this.#lanes = bits / 32
    this.mostStates = (mostSlots(bits / 8, mostBytes) * 3) / 4
    this.#table = new Int32Array(capacity * this.#lanes)
    this.#mask = capacity - 1
    this.#candidate = new Int32Array(store.words)
    this.#hash = new FurtherLanes(store.words, seed)
  }

  get bytes(): number {
    return this.#table.byteLength
  }

  get collisionMeasured(): number {
    return measuredCollision(this.#table, this.#lanes, this.#store.count, this.bits)
  }

  insert(batch: Batch, records: Int32Array): void {
    const { words, chunks } = this.#store
    const { low, high, source, record, found, count } = batch
    const candidate = this.#candidate
    this.prefetch(low, count)
    for (let k = 0; k < count; k++) {
      const from = chunks[source[k] >>> chunkBits]
      const base = (source[k] & chunkMask) * words
      const change = record[k] - words
      for (let w = 0; w < words; w++) candidate[w] = from[base + w] ^ records[change + w]
      found[k] = this.insertState(candidate, 0, low[k], high[k])
    }
  }

  get contents(): Int32Array {
    return this.#table
  }

  adopt(contents: Int32Array, states: number): string | null {
    const problem = tableProblem(contents, this.#lanes, states)
    if (problem !== null) return problem
    this.#table = contents
    this.#mask = contents.length / this.#lanes - 1
    return null
  }

  restoreState(_: number, words: Int32Array, base: number, low: number, high: number): number {
    this.#hash.of(words, base)
    const table = this.#table
    const lanes = this.#lanes
    const [third, fourth] = this.#hash.lanes
    const hi = low === 0 && high === 0 ? 1 : high
    for (let slot = low & this.#mask; ; slot = (slot + 1) & this.#mask) {
      const at = slot * lanes
      if (table[at] === 0 && table[at + 1] === 0) return -1
      if (table[at] === low && table[at + 1] === hi && table[at + 2] === third)
        if (lanes === 3 || table[at + 3] === fourth) return slot
    }
  }

  growthFor(more: number): number {
    return doubledBytes(this.#table, Math.ceil((4 * this.#lanes * (this.#store.count + more)) / 3))
  }

  prefetch(low: Int32Array, count: number): void {
    const table = this.#table
    const mask = this.#mask
    const lanes = this.#lanes
    let warm = 0
    for (let k = 0; k < count; k++) warm ^= table[(low[k] & mask) * lanes]
    this.prefetched = warm
  }

  insertState(words: Int32Array, base: number, low: number, high: number): number {
    this.#reserve()
    this.#hash.of(words, base)
    const table = this.#table
    const lanes = this.#lanes
    const further = this.#hash.lanes
    const hi = low === 0 && high === 0 ? 1 : high
    let slot = low & this.#mask
    for (;;) {
      const at = slot * lanes
      if (table[at] === 0 && table[at + 1] === 0) {
        table[at] = low
        table[at + 1] = hi
        for (let lane = 2; lane < lanes; lane++) table[at + lane] = further[lane - 2]
        return ~this.#store.append(words, base, low, high)
      }
      if (table[at] === low && table[at + 1] === hi && table[at + 2] === further[0]) {
        if (lanes === 3 || table[at + 3] === further[1]) return 0
      }
      slot = (slot + 1) & this.#mask
    }
  }

  #reserve(): void {
    if ((this.#store.count + 1) * 4 <= (this.#mask + 1) * 3) return
    const old = this.#table
    const lanes = this.#lanes
    const mask = this.#mask * 2 + 1
    const table = new Int32Array((mask + 1) * lanes)
    for (let from = 0; from < old.length; from += lanes) {
      if (old[from] === 0 && old[from + 1] === 0) continue
      let slot = old[from] & mask
      while (table[slot * lanes] !== 0 || table[slot * lanes + 1] !== 0) slot = (slot + 1) & mask
      for (let lane = 0; lane < lanes; lane++) table[slot * lanes + lane] = old[from + lane]
    }
    this.#table = table
    this.#mask = mask
  }
}
