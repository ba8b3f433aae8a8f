import { enlarged } from '../state/array-bounds.ts'

/** Bits of a word that one thread's count of met items takes. */
const MET_BITS = 8
const MET_MASK = 0xff

/** No edge. */
const NONE = -1

/**
 * Candidates: a packed state, a byte for each real thread that counts its met items, and columns for names. Rows are
 * only appended; those that no longer agree with the log are dead until `compact`. Each row has edges to the
 * successors that were found from it.
 */
export class CandidateSet {
  /** Words of a row. */
  readonly width: number
  /** Where the counts of met items and the columns begin in a row. */
  readonly metAt: number
  readonly columnsAt: number
  /** Replaced when it grows: read it again after `insert`. */
  rows: Int32Array
  /** Hash of each row's state. */
  low: Int32Array
  /** Node of each row's path in the history. */
  node: Int32Array
  /** Rows so far, dead ones included. */
  count = 0
  /** The rows that are alive, in the order in which they were found. */
  live: Int32Array
  liveCount = 0
  /** A row that is to be inserted. */
  readonly next: Int32Array
  /** Whether the last `insert` has appended a row. */
  isNew = false
  edgeTo: Int32Array
  edgeNext: Int32Array
  /** The alternative taken along an edge, or -1 for a read; and the real thread whose item is met, or -1. */
  edgeAlternative: Int32Array
  edgeBy: Int32Array
  edges = 0
  firstEdge: Int32Array
  #lastEdge: Int32Array
  /** 1 for a row that is not expanded: another one, which has met a read more, stands for it. */
  waits: Uint8Array
  #isDead: Uint8Array
  /** One more than a row; 0 for a free slot. */
  #table: Int32Array
  #mask: number
  /** Stamps of `keep`. */
  #stamp: Int32Array
  #stamps = 0
  /** Edges that are left after the last compaction. */
  #edgesKept = 0

  /**
   * @param state words of a packed state.
   * @param threads number of real threads.
   * @param columns number of names that are bound in each candidate.
   */
  constructor(state: number, threads: number, columns: number) {
    this.metAt = state
    this.columnsAt = state + Math.ceil((threads * MET_BITS) / 32)
    this.width = this.columnsAt + columns
    const rows = 256
    this.rows = new Int32Array(rows * this.width)
    this.low = new Int32Array(rows)
    this.node = new Int32Array(rows)
    this.live = new Int32Array(rows)
    this.firstEdge = new Int32Array(rows)
    this.#lastEdge = new Int32Array(rows)
    this.#isDead = new Uint8Array(rows)
    this.waits = new Uint8Array(rows)
    this.#stamp = new Int32Array(rows)
    this.#table = new Int32Array(4 * rows)
    this.#mask = 4 * rows - 1
    this.next = new Int32Array(this.width)
    this.edgeTo = new Int32Array(rows)
    this.edgeNext = new Int32Array(rows)
    this.edgeAlternative = new Int32Array(rows)
    this.edgeBy = new Int32Array(rows)
  }

  /** Forgets all candidates, and keeps the arrays. */
  clear(): void {
    this.count = 0
    this.liveCount = 0
    this.edges = 0
    this.#edgesKept = 0
    this.#table.fill(0)
  }

  /** How many items a real thread has met in a row, modulo 256. */
  met(row: number, thread: number): number {
    return (this.rows[row * this.width + this.metAt + (thread >>> 2)] >>> ((thread & 3) << 3)) & MET_MASK
  }

  /** Counts one more met item of a real thread in `next`. */
  meetInNext(thread: number): void {
    const word = this.metAt + (thread >>> 2)
    const shift = (thread & 3) << 3
    const met = (this.next[word] >>> shift) & MET_MASK
    this.next[word] = (this.next[word] & ~(MET_MASK << shift)) | (((met + 1) & MET_MASK) << shift)
  }

  /**
   * Counts one more met item of a real thread in rows that all have met as many of its items, so that no two of them
   * become equal. The hash table is wrong until `rehash`.
   */
  meetIn(rows: Int32Array, thread: number): void {
    const word = this.metAt + (thread >>> 2)
    const shift = (thread & 3) << 3
    for (let k = 0; k < rows.length; k++) {
      const at = rows[k] * this.width + word
      const met = (this.rows[at] >>> shift) & MET_MASK
      this.rows[at] = (this.rows[at] & ~(MET_MASK << shift)) | (((met + 1) & MET_MASK) << shift)
    }
  }

  /** Makes the hash table anew, after `meetIn`. */
  rehash(): void {
    this.#rehash(this.#table.length)
  }

  /** Copies a row to `next`. */
  copyToNext(row: number): void {
    const { rows, next, width } = this
    const base = row * width
    for (let w = 0; w < width; w++) next[w] = rows[base + w]
  }

  /** The live row that is equal to `next`, whose state has the hash `low`; appended if there is none. */
  insert(low: number): number {
    const { next, width, rows } = this
    if (3 * (this.count + 1) > this.#table.length) this.#rehash(2 * this.#table.length)
    let hash = low
    for (let w = this.metAt; w < width; w++) {
      hash = Math.imul(hash ^ next[w], 0x9e3779b1)
      hash ^= hash >>> 15
    }
    let slot = hash & this.#mask
    for (;;) {
      const entry = this.#table[slot]
      if (entry === 0) break
      const row = entry - 1
      if (this.low[row] === low && this.#isDead[row] === 0 && isEqual(rows, row * width, next, width)) {
        this.isNew = false
        return row
      }
      slot = (slot + 1) & this.#mask
    }
    const row = this.#append(low)
    this.#table[slot] = row + 1
    this.isNew = true
    return row
  }

  addEdge(from: number, to: number, alternative: number, by: number): void {
    const edge = this.edges++
    if (edge === this.edgeTo.length) {
      const length = 2 * edge
      this.edgeTo = enlarged(this.edgeTo, new Int32Array(length))
      this.edgeNext = enlarged(this.edgeNext, new Int32Array(length))
      this.edgeAlternative = enlarged(this.edgeAlternative, new Int32Array(length))
      this.edgeBy = enlarged(this.edgeBy, new Int32Array(length))
    }
    this.edgeTo[edge] = to
    this.edgeNext[edge] = NONE
    this.edgeAlternative[edge] = alternative
    this.edgeBy[edge] = by
    if (this.firstEdge[from] === NONE) this.firstEdge[from] = edge
    else this.edgeNext[this.#lastEdge[from]] = edge
    this.#lastEdge[from] = edge
  }

  /** Begins a selection of rows that stay alive. */
  select(): void {
    this.#stamps++
  }

  /** Adds a row to the selection. @returns whether it was not in it. */
  add(row: number): boolean {
    if (this.#stamp[row] === this.#stamps) return false
    this.#stamp[row] = this.#stamps
    return true
  }

  /** Only the rows of the selection stay alive: they are the first `count` of `selected`. */
  keep(selected: Int32Array, count: number): void {
    for (let k = 0; k < this.liveCount; k++) {
      const row = this.live[k]
      if (this.#stamp[row] !== this.#stamps) this.#isDead[row] = 1
    }
    this.live.set(selected.subarray(0, count))
    this.liveCount = count
  }

  /** Forgets dead rows, if they are many: rows and edges get new numbers, in the same order. */
  compact(): void {
    const isWaste = this.count > 2 * this.liveCount + 1024 || this.edges > 4 * this.#edgesKept + 4096
    if (isWaste) this.#compact()
  }

  #compact(): void {
    const { width, rows, live, liveCount } = this
    const renamed = new Int32Array(this.count)
    const kept = live.slice(0, liveCount).sort()
    for (let place = 0; place < liveCount; place++) {
      const row = kept[place]
      renamed[row] = place
      rows.copyWithin(place * width, row * width, (row + 1) * width)
      this.low[place] = this.low[row]
      this.node[place] = this.node[row]
      this.firstEdge[place] = this.firstEdge[row]
      this.#isDead[place] = 0
      this.waits[place] = this.waits[row]
      this.#stamp[place] = 0
    }
    const { edgeTo, edgeNext, edgeAlternative, edgeBy } = this
    const length = Math.max(256, 2 * this.edges)
    this.edgeTo = new Int32Array(length)
    this.edgeNext = new Int32Array(length)
    this.edgeAlternative = new Int32Array(length)
    this.edgeBy = new Int32Array(length)
    this.edges = 0
    for (let row = 0; row < liveCount; row++) {
      let edge = this.firstEdge[row]
      this.firstEdge[row] = NONE
      for (; edge !== NONE; edge = edgeNext[edge])
        this.addEdge(row, renamed[edgeTo[edge]], edgeAlternative[edge], edgeBy[edge])
    }
    this.#edgesKept = this.edges
    for (let k = 0; k < liveCount; k++) live[k] = renamed[live[k]]
    this.count = liveCount
    this.#stamps = 0
    this.#stamp.fill(0)
    this.#rehash(1024)
  }

  #append(low: number): number {
    const row = this.count++
    if (row === this.low.length) {
      const length = 2 * row
      this.rows = enlarged(this.rows, new Int32Array(length * this.width))
      this.low = enlarged(this.low, new Int32Array(length))
      this.node = enlarged(this.node, new Int32Array(length))
      this.live = enlarged(this.live, new Int32Array(length))
      this.firstEdge = enlarged(this.firstEdge, new Int32Array(length))
      this.#lastEdge = enlarged(this.#lastEdge, new Int32Array(length))
      this.#isDead = enlarged(this.#isDead, new Uint8Array(length))
      this.waits = enlarged(this.waits, new Uint8Array(length))
      this.#stamp = enlarged(this.#stamp, new Int32Array(length))
    }
    this.rows.set(this.next, row * this.width)
    this.low[row] = low
    this.firstEdge[row] = NONE
    this.#isDead[row] = 0
    this.waits[row] = 0
    this.#stamp[row] = 0
    this.live[this.liveCount++] = row
    return row
  }

  #rehash(atLeast: number): void {
    let length = atLeast
    while (length < 4 * this.count) length *= 2
    if (length === this.#table.length) this.#table.fill(0)
    else this.#table = new Int32Array(length)
    this.#mask = length - 1
    const { rows, width, low } = this
    for (let row = 0; row < this.count; row++) {
      if (this.#isDead[row] === 1) continue
      let hash = low[row]
      for (let w = this.metAt; w < width; w++) {
        hash = Math.imul(hash ^ rows[row * width + w], 0x9e3779b1)
        hash ^= hash >>> 15
      }
      let slot = hash & this.#mask
      while (this.#table[slot] !== 0) slot = (slot + 1) & this.#mask
      this.#table[slot] = row + 1
    }
  }
}

function isEqual(rows: Int32Array, base: number, next: Int32Array, width: number): boolean {
  for (let w = 0; w < width; w++) if (rows[base + w] !== next[w]) return false
  return true
}
