import type { Batch } from './batch.ts'
import { SIZES } from './sizes.ts'
import { SpillFile } from './spill-file.ts'

/** States per chunk, as a power of two. */
const CHUNK_BITS = SIZES.chunkBits
const CHUNK = 1 << CHUNK_BITS
const CHUNK_MASK = CHUNK - 1

/** Entries of the successor cache: one or two bytes each. */
export type CacheEntries = Uint8Array | Uint16Array

/** The arrays of a chunk that other threads may read. */
export interface SharedChunk {
  readonly vectors: Int32Array
  readonly lows: Int32Array
  readonly highs: Int32Array
  readonly cache: CacheEntries
}

/** Sends a chunk of states to other threads. */
export type ShareChunk = (chunk: number, arrays: SharedChunk) => void

/**
 * Packed states in chunks, numbered in the order of their discovery. It is the frontier (hash lanes, tags and
 * cache entries are kept until a state has been expanded) and, when `keep` is set, the set of all states.
 */
export class VectorStore {
  static readonly chunkBits = CHUNK_BITS
  static readonly chunkMask = CHUNK_MASK
  readonly words: number
  readonly keep: boolean
  /** Packed states; a released chunk is an empty array. */
  readonly chunks: Int32Array[] = []
  readonly lows: Int32Array[] = []
  readonly highs: Int32Array[] = []
  /** One number per state, for the owner; kept as long as the hash lanes. */
  readonly tags: Int32Array[] = []
  /** Successor cache: `cacheWidth` entries per state, kept as long; all 0 for a new state. */
  readonly cache: CacheEntries[] = []
  readonly cacheWidth: number
  readonly entryBytes: 1 | 2
  count = 0
  readonly #spareWords: Int32Array[] = []
  readonly #spareHashes: Int32Array[] = []
  readonly #spareCaches: CacheEntries[] = []
  #released = 0
  /** Chunks of the frontier that are on disk. */
  readonly #spilled = new Set<number>()
  #disk: SpillFile | null = null
  readonly #share: ShareChunk | null
  #guests = 0

  /**
   * @param share called with each chunk before it has a state; the chunks are then in shared memory. Released
   * chunks are reused under another number, so other threads may only read states that are not expanded yet, or
   * all states if `keep` is set.
   */
  constructor(
    words: number,
    keep: boolean,
    cacheWidth = 0,
    entryBytes: 1 | 2 = 2,
    share: ShareChunk | null = null,
  ) {
    this.words = words
    this.keep = keep
    this.cacheWidth = cacheWidth
    this.entryBytes = entryBytes
    this.#share = share
  }

  /** Bytes held, spare chunks included. */
  get bytes(): number {
    const live = this.chunks.length - this.#released - this.#spilled.size + this.#guests
    const vectors = (this.keep ? this.chunks.length : live) + this.#spareWords.length
    const cache = this.cacheWidth * this.entryBytes * (live + this.#spareCaches.length)
    return CHUNK * (4 * (vectors * this.words + 3 * live + this.#spareHashes.length) + cache)
  }

  /**
   * Reserves the first chunk of an empty store for copies of states of another store (guests). They can then be
   * expanded as states 0, 1, ... of this store; the store's own states have larger numbers.
   */
  setGuestsAside(): void {
    this.chunks.push(new Int32Array(CHUNK * this.words))
    for (const lanes of [this.lows, this.highs, this.tags]) lanes.push(new Int32Array(CHUNK))
    this.cache.push(this.#newCache())
    this.count = CHUNK
    this.#released = 1
    this.#guests = 1
  }

  /**
   * Copies states `from` to `end - 1` of a chunk of another store, replacing the guests before. Of their cache
   * entries only the lowest bits are copied: list numbers have a meaning only within one thread.
   */
  takeGuests({ vectors, lows, highs, cache }: SharedChunk, from: number, end: number): void {
    const { words, cacheWidth } = this
    this.chunks[0].set(vectors.subarray(from * words, end * words))
    this.lows[0].set(lows.subarray(from, end))
    this.highs[0].set(highs.subarray(from, end))
    this.tags[0].fill(0, 0, end - from)
    const own = this.cache[0]
    for (let n = 0; n < (end - from) * cacheWidth; n++) own[n] = cache[from * cacheWidth + n] & 1
  }

  /** The number of a packed state; -1 when it is not in memory. Compares all that are. */
  indexOf(state: Int32Array): number {
    const { words, chunks } = this
    for (let id = 0; id < this.count; id++) {
      const chunk = chunks[id >>> CHUNK_BITS]
      const base = (id & CHUNK_MASK) * words
      if (state.every((word, w) => chunk[base + w] === word)) return id
    }
    return -1
  }

  /** Appends a copy of a packed state. Returns its number. */
  append(from: Int32Array, base: number, low: number, high: number): number {
    const id = this.#nextId()
    const at = (id & CHUNK_MASK) * this.words
    const chunk = this.chunks[id >>> CHUNK_BITS]
    for (let w = 0; w < this.words; w++) chunk[at + w] = from[base + w]
    this.lows[id >>> CHUNK_BITS][id & CHUNK_MASK] = low
    this.highs[id >>> CHUNK_BITS][id & CHUNK_MASK] = high
    return id
  }

  /** Appends the successor of state `source` by a transition. Returns its number. */
  appendSuccessor(source: number, records: Int32Array, record: number, low: number, high: number): number {
    const id = this.#nextId()
    const { words } = this
    const from = this.chunks[source >>> CHUNK_BITS]
    const base = (source & CHUNK_MASK) * words
    const slot = id & CHUNK_MASK
    const at = slot * words
    const chunk = this.chunks[id >>> CHUNK_BITS]
    const change = record - words
    for (let w = 0; w < words; w++) chunk[at + w] = from[base + w] ^ records[change + w]
    this.lows[id >>> CHUNK_BITS][slot] = low
    this.highs[id >>> CHUNK_BITS][slot] = high
    return id
  }

  /** Appends the fresh successors of a batch, and writes their numbers to `found`. */
  appendFresh({ fresh, freshCount, source, record, low, high, found }: Batch, records: Int32Array): void {
    const { words, chunks } = this
    let n = 0
    while (n < freshCount) {
      const first = this.count
      const c = first >>> CHUNK_BITS
      if (c === chunks.length) this.#takeArrays(c)
      const chunk = chunks[c]
      const lows = this.lows[c]
      const highs = this.highs[c]
      let slot = first & CHUNK_MASK
      const end = Math.min(CHUNK, slot + freshCount - n)
      for (; slot < end; slot++, n++) {
        const k = fresh[n]
        const state = source[k]
        const from = chunks[state >>> CHUNK_BITS]
        const base = (state & CHUNK_MASK) * words
        const change = record[k] - words
        const at = slot * words
        for (let w = 0; w < words; w++) chunk[at + w] = from[base + w] ^ records[change + w]
        lows[slot] = low[k]
        highs[slot] = high[k]
        found[k] = ~((c << CHUNK_BITS) | slot)
      }
      this.count = (c << CHUNK_BITS) + end
    }
  }

  /** Releases what is only needed until a state is expanded, for whole chunks below state `id`. */
  expandedUpTo(id: number): void {
    while (this.#released < id >>> CHUNK_BITS) {
      this.#release(this.#released++)
    }
  }

  /**
   * Writes the part of the frontier to disk that is not needed soon: all but the chunk of state `head`, the next
   * one and the last one. Their memory is reused for new states. With `keep` set the packed states stay in memory.
   * Returns false when the disk is full; nothing is lost then.
   */
  spill(head: number): boolean {
    const last = (this.count - 1) >>> CHUNK_BITS
    for (let c = (head >>> CHUNK_BITS) + 2; c < last; c++) {
      if (this.#spilled.has(c)) continue
      try {
        this.#disk ??= new SpillFile(CHUNK * (4 * (3 + this.words) + this.cacheWidth * this.entryBytes))
        this.#disk.write(c, this.#frontierArrays(c))
      } catch {
        return false
      }
      this.#spilled.add(c)
      this.#release(c)
    }
    return true
  }

  /** Reads the chunks of states `from` to `to` back into memory, so that the states can be expanded. */
  load(from: number, to: number): void {
    if (this.#spilled.size === 0) return
    for (let c = from >>> CHUNK_BITS; c <= to >>> CHUNK_BITS; c++) {
      if (!this.#spilled.delete(c)) continue
      this.#takeArrays(c)
      ;(this.#disk as SpillFile).read(c, this.#frontierArrays(c))
    }
  }

  /** Closes the file on disk. */
  close(): void {
    this.#disk?.close()
    this.#disk = null
  }

  /** The arrays of a chunk that are needed only until its states are expanded. */
  #frontierArrays(c: number): (Int32Array | CacheEntries)[] {
    const lanes = [this.lows[c], this.highs[c], this.tags[c], this.cache[c]]
    return this.keep ? lanes : [...lanes, this.chunks[c]]
  }

  #release(c: number): void {
    this.#spareHashes.push(this.lows[c], this.highs[c], this.tags[c])
    this.lows[c] = EMPTY
    this.highs[c] = EMPTY
    this.tags[c] = EMPTY
    this.#spareCaches.push(this.cache[c])
    this.cache[c] = EMPTY_CACHE
    if (this.keep) return
    this.#spareWords.push(this.chunks[c])
    this.chunks[c] = EMPTY
  }

  #takeArrays(c: number): void {
    for (const lanes of [this.lows, this.highs, this.tags])
      lanes[c] = this.#spareHashes.pop() ?? this.#newWords(CHUNK)
    this.cache[c] = this.#spareCaches.pop()?.fill(0) ?? this.#newCache()
    if (!this.keep || c >= this.chunks.length)
      this.chunks[c] = this.#spareWords.pop() ?? this.#newWords(CHUNK * this.words)
    const [vectors, lows, highs, cache] = [this.chunks[c], this.lows[c], this.highs[c], this.cache[c]]
    this.#share?.(c, { vectors, lows, highs, cache })
  }

  /**
   * The packed states that a search at `head` still needs: those from its chunk on, or all if `keep` is set. For a
   * checkpoint, which reads them back into the same arrays after `restore`.
   */
  *stateArrays(head: number): Generator<Int32Array> {
    for (let c = this.keep ? 0 : head >>> CHUNK_BITS; c < this.chunks.length; c++) {
      const chunk = this.keep || !this.#spilled.has(c) ? this.chunks[c] : this.#fromDisk(c)
      yield chunk.subarray(0, this.words * this.#statesFrom(c))
    }
  }

  /** Number of the first state in `stateArrays(head)`. */
  firstKept(head: number): number {
    return this.keep ? 0 : head & ~CHUNK_MASK
  }

  /** Number of states from the beginning of a chunk on. */
  #statesFrom(c: number): number {
    return this.count - c * CHUNK
  }

  /** A copy of the packed states of a chunk on disk. */
  #fromDisk(c: number): Int32Array {
    const lanes = [0, 1, 2].map(() => new Int32Array(CHUNK))
    const vectors = new Int32Array(CHUNK * this.words)
    ;(this.#disk as SpillFile).read(c, [...lanes, this.#newCache(), vectors])
    return vectors
  }

  /**
   * Allocates `count` states in an empty store; those below `head` are expanded. The caller sets their hash lanes.
   */
  restore(count: number, head: number): void {
    this.#released = head >>> CHUNK_BITS
    for (let c = 0; c < (count + CHUNK_MASK) >>> CHUNK_BITS; c++) {
      const live = c >= this.#released
      this.chunks.push(live || this.keep ? new Int32Array(CHUNK * this.words) : EMPTY)
      for (const lanes of [this.lows, this.highs, this.tags]) lanes.push(live ? new Int32Array(CHUNK) : EMPTY)
      this.cache.push(live ? this.#newCache() : EMPTY_CACHE)
    }
    this.count = count
  }

  #newCache(): CacheEntries {
    const memory = this.#memory(CHUNK * this.cacheWidth * this.entryBytes)
    return this.entryBytes === 1 ? new Uint8Array(memory) : new Uint16Array(memory)
  }

  #newWords(count: number): Int32Array {
    return new Int32Array(this.#memory(4 * count))
  }

  #memory(bytes: number): ArrayBuffer | SharedArrayBuffer {
    return this.#share === null ? new ArrayBuffer(bytes) : new SharedArrayBuffer(bytes)
  }

  #nextId(): number {
    const id = this.count++
    if (id >>> CHUNK_BITS === this.chunks.length) this.#takeArrays(id >>> CHUNK_BITS)
    return id
  }
}

const EMPTY = new Int32Array(0)
const EMPTY_CACHE = new Uint16Array(0)
