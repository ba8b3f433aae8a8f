import type { Batch } from './batch.ts'
import { SIZES } from './sizes.ts'
import { SpillFile } from './spill-file.ts'

/** States per chunk, as a power of two. */
const CHUNK_BITS = SIZES.chunkBits
const CHUNK = 1 << CHUNK_BITS
const CHUNK_MASK = CHUNK - 1

/** Numbers of `noteBytes` bytes. */
export type CacheEntries = Uint8Array | Uint16Array

/** The arrays of a chunk that other threads may read. */
export interface SharedChunk {
  readonly vectors: Int32Array
  readonly lows: Int32Array
  readonly highs: Int32Array
  readonly cache: CacheEntries
}

/**
 * Packed states numbered in the order of their discovery, in chunks. It serves as the frontier (hash lanes
 * and tags are kept until a state has been expanded) and, when `keep` is set, as the full set of states.
 */
export class VectorStore {
  static readonly chunkBits = CHUNK_BITS
  static readonly chunkMask = CHUNK_MASK
  readonly words: number
  readonly keep: boolean
  /** Packed states; a chunk that was let go is an empty array. */
  readonly chunks: Int32Array[] = []
  readonly lows: Int32Array[] = []
  readonly highs: Int32Array[] = []
  /** A number of the owner's choice per state, kept as long as the hash lanes. */
  readonly tags: Int32Array[] = []
  /** `room` more numbers per state, kept as long; all 0 for a new state. */
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
  readonly #share: ((chunk: number, arrays: SharedChunk) => void) | null
  #guests = 0

  /**
   * @param share told of each chunk before there is a state in it; the chunks are then in shared memory. Those
   * that are let go are used again under another number, so others may only read states that are not expanded
   * yet, or all that are kept.
   */
  constructor(
    words: number,
    keep: boolean,
    cacheWidth = 0,
    entryBytes: 1 | 2 = 2,
    share: ((chunk: number, arrays: SharedChunk) => void) | null = null,
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
   * Sets the first chunk of an empty store aside for states of another store, one after the other: they can
   * then be expanded as if they were numbers 0, 1, ... of this one. Own states have larger numbers.
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
   * Copies the states `from` to `end - 1` of a chunk of another store in as guests, with nothing but the
   * lowest bits of their notes. Those that were here are overwritten.
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

  /** Appends the successor of state `source` by a recorded behaviour. Returns its number. */
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

  /** Appends the fresh successors of a batch, and notes their numbers in it. */
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

  /** Lets go of what is only needed until a state is expanded, for whole chunks below state `id`. */
  expandedUpTo(id: number): void {
    while (this.#released < id >>> CHUNK_BITS) {
      this.#letGo(this.#released++)
    }
  }

  /**
   * Puts the part of the frontier on disk that is not needed soon: neither the chunk of state `head`, nor the
   * next, nor the one that grows. The memory is used again for states to come. Full states that are kept for
   * comparison stay in memory. Returns false when the disk takes no more; nothing is lost then.
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
      this.#letGo(c)
    }
    return true
  }

  /** Brings the chunks of the states `from` to `to` back into memory. Their states may then be expanded. */
  load(from: number, to: number): void {
    if (this.#spilled.size === 0) return
    for (let c = from >>> CHUNK_BITS; c <= to >>> CHUNK_BITS; c++) {
      if (!this.#spilled.delete(c)) continue
      this.#takeArrays(c)
      ;(this.#disk as SpillFile).read(c, this.#frontierArrays(c))
    }
  }

  /** Gives the file back. */
  close(): void {
    this.#disk?.close()
    this.#disk = null
  }

  /** What is kept of a chunk only until its states are expanded. */
  #frontierArrays(c: number): (Int32Array | CacheEntries)[] {
    const lanes = [this.lows[c], this.highs[c], this.tags[c], this.cache[c]]
    return this.keep ? lanes : [...lanes, this.chunks[c]]
  }

  #letGo(c: number): void {
    this.#spareHashes.push(this.lows[c], this.highs[c], this.tags[c])
    this.lows[c] = NOTHING
    this.highs[c] = NOTHING
    this.tags[c] = NOTHING
    this.#spareCaches.push(this.cache[c])
    this.cache[c] = NO_CACHE
    if (this.keep) return
    this.#spareWords.push(this.chunks[c])
    this.chunks[c] = NOTHING
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
   * The arrays that hold the states a search at `head` still needs: those from its chunk on, and all when
   * states are kept. For a checkpoint, which reads them back into the same arrays after `restore`.
   */
  *stateArrays(head: number): Generator<Int32Array> {
    for (let c = this.keep ? 0 : head >>> CHUNK_BITS; c < this.chunks.length; c++) {
      const chunk = this.keep || !this.#spilled.has(c) ? this.chunks[c] : this.#fromDisk(c)
      yield chunk.subarray(0, this.words * this.#statesFrom(c))
    }
  }

  /** The number of the first state that `stateArrays(head)` holds. */
  firstKept(head: number): number {
    return this.keep ? 0 : head & ~CHUNK_MASK
  }

  /** States from the first of a chunk on. */
  #statesFrom(c: number): number {
    return this.count - c * CHUNK
  }

  /** A copy of the states of a chunk that is on disk. */
  #fromDisk(c: number): Int32Array {
    const lanes = [0, 1, 2].map(() => new Int32Array(CHUNK))
    const vectors = new Int32Array(CHUNK * this.words)
    ;(this.#disk as SpillFile).read(c, [...lanes, this.#newCache(), vectors])
    return vectors
  }

  /**
   * Makes room in an empty store for `count` states of which those below `head` are expanded. Their hash lanes are
   * the caller's to set.
   */
  restore(count: number, head: number): void {
    this.#released = head >>> CHUNK_BITS
    for (let c = 0; c < (count + CHUNK_MASK) >>> CHUNK_BITS; c++) {
      const live = c >= this.#released
      this.chunks.push(live || this.keep ? new Int32Array(CHUNK * this.words) : NOTHING)
      for (const lanes of [this.lows, this.highs, this.tags])
        lanes.push(live ? new Int32Array(CHUNK) : NOTHING)
      this.cache.push(live ? this.#newCache() : NO_CACHE)
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

const NOTHING = new Int32Array(0)
const NO_CACHE = new Uint16Array(0)
