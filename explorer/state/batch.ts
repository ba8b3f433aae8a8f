import { SIZES } from './sizes.ts'

/** Successors collected before they are looked up, so that the cache misses of the look-ups overlap. */
export class Batch {
  /** Number of successors from which on a batch is looked up. */
  static readonly capacity = SIZES.batch
  count = 0
  /** Hash lanes of the successor. */
  readonly low: Int32Array
  readonly high: Int32Array
  /** Number of the state it was reached from. */
  readonly source: Int32Array
  /** Record of the transition that leads to it. */
  readonly record: Int32Array
  /** After insertion: the successor's number, or its complement (`~id`) when it was new. */
  readonly found: Int32Array
  /** After `compact`: which of the successors were new, in order, and how many. */
  readonly fresh: Int32Array
  freshCount = 0

  /** @param room most successors that are added at once, which may be to a batch that is almost full. */
  constructor(room = 1) {
    const size = Batch.capacity + room
    this.low = new Int32Array(size)
    this.high = new Int32Array(size)
    this.source = new Int32Array(size)
    this.record = new Int32Array(size)
    this.found = new Int32Array(size)
    this.fresh = new Int32Array(size)
  }

  /** Lists the successors that were new. */
  compact(): void {
    const { found, fresh, count } = this
    let n = 0
    // Branchless, because the branch would be unpredictable: the sign bit of `found` counts up.
    for (let k = 0; k < count; k++) {
      fresh[n] = k
      n += found[k] >>> 31
    }
    this.freshCount = n
  }
}
