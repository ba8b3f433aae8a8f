/** Successors collected before they are looked up, so that the cache misses of the look-ups overlap. */
export class Batch {
  static readonly capacity = 512
  count = 0
  /** Hash lanes of the successor. */
  readonly low = new Int32Array(Batch.capacity)
  readonly high = new Int32Array(Batch.capacity)
  /** Number of the state it was reached from. */
  readonly source = new Int32Array(Batch.capacity)
  /** Behaviour that leads to it. */
  readonly leaf = new Int32Array(Batch.capacity)
  /** After insertion: the successor's number, or its complement (`~id`) when it was new. */
  readonly found = new Int32Array(Batch.capacity)
}

/** Where visited states are looked up. */
export interface VisitedSet {
  /** Bytes held by the table. */
  readonly bytes: number
  /** True when two different states may be taken for one. */
  readonly lossy: boolean
  /** Looks up all successors of a batch in order, adds the new ones to the store, and fills `found`. */
  insert(batch: Batch, leaves: Int32Array): void
  /** Adds one state given in full; returns its number, complemented when it was new. */
  insertState(words: Int32Array, base: number, low: number, high: number): number
}
