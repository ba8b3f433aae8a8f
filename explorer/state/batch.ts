import { SIZES } from './sizes.ts'

/** Successors collected before they are looked up, so that the cache misses of the look-ups overlap. */
export class Batch {
  /** Successors beyond which a batch is looked up. */
  static readonly capacity = SIZES.batch
  count = 0
  /** Hash lanes of the successor. */
  readonly low: Int32Array
  readonly high: Int32Array
  /** Number of the state it was reached from. */
  readonly source: Int32Array
  /** Behaviour that leads to it. */
  readonly leaf: Int32Array
  /** After insertion: the successor's number, or its complement (`~id`) when it was new. */
  readonly found: Int32Array
  /** After `compact`: which of the successors were new, in order, and how many. */
  readonly fresh: Int32Array
  freshCount = 0

  /** @param room how many successors may be added at once to a batch that is not yet full. */
  constructor(room = 1) {
    const size = Batch.capacity + room
    this.low = new Int32Array(size)
    this.high = new Int32Array(size)
    this.source = new Int32Array(size)
    this.leaf = new Int32Array(size)
    this.found = new Int32Array(size)
    this.fresh = new Int32Array(size)
  }

  /** Lists the successors that were new. */
  compact(): void {
    const { found, fresh, count } = this
    let n = 0
    // Without a branch, because nobody could foresee it.
    for (let k = 0; k < count; k++) {
      fresh[n] = k
      n += found[k] >>> 31
    }
    this.freshCount = n
  }
}

/** States with their hash lanes in front, somewhere in an array. */
export interface Rows {
  readonly data: Int32Array
  readonly at: Int32Array
  /** The low hash lane of each, for bringing its place into the cache. */
  readonly low: Int32Array
  readonly count: number
  /** From a row's place to its packed words. */
  readonly offset: number
  readonly found: Int32Array
}

/** Where visited states are looked up. */
export interface VisitedSet {
  /** Bytes held by the table. */
  readonly bytes: number
  /** True when two different states may be taken for one. */
  readonly lossy: boolean
  /** Bits of the fingerprints it keeps, when it keeps fingerprints. */
  readonly bits?: number
  /** States for which its own table can be made large enough; whoever adds more is not served. */
  readonly mostStates?: number
  /** Probability that a state was lost, estimated from the fingerprints; see collisions.ts. */
  readonly collisionMeasured?: number
  /**
   * By successor of the batch that was looked up last: 1 when another state is kept in its place, such as a
   * representative. Absent where successors are always kept as they are.
   */
  readonly rewritten?: Uint8Array
  /** Looks up all successors of a batch in order, adds the new ones to the store, and fills `found`. */
  insert(batch: Batch, leaves: Int32Array): void
  /** The table, for a checkpoint; absent where it can be made again from the states in the store. */
  readonly contents?: Int32Array
  /**
   * Begins anew with the table of a checkpoint, or with room for as many states where it is made again.
   * @param contents absent where the set has none. @param states of the checkpoint.
   * @returns what is wrong with the table, or null.
   */
  adopt?(contents: Int32Array | null, states: number): string | null
  /**
   * After `adopt`, for each state in the store, in the order of their numbers: takes it in, or looks it up in the
   * table of the checkpoint. Returns its slot; -1 when it is not there, or there already under another number.
   */
  takeBack?(id: number, words: Int32Array, base: number, low: number, high: number): number
  /** Bytes of the table that must be allocated before `more` states are added; 0 when they fit. */
  growthFor?(more: number): number
  /** Brings the places of the first `count` low hash lanes into the cache, ahead of `insertState`. */
  touch?(low: Int32Array, count: number): void
  /**
   * Looks up states that lie as rows `[low, high, ...]` at the places `at` of an array, their packed words
   * `offset` places further on, adds the new ones to the store, and fills `found` as `insert` does.
   */
  insertRows?(rows: Rows): void
  /** Adds one state given in full; returns its number, complemented when it was new. */
  insertState(words: Int32Array, base: number, low: number, high: number): number
}
