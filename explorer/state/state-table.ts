import type { Batch } from './batch.ts'
import type { Rows } from './rows.ts'

/** Where a search looks up states: a table, or a reduction in front of one. */
export interface VisitedSet {
  /** Bytes of the table. */
  readonly bytes: number
  /** Whether two different states may be taken for one. */
  readonly lossy: boolean
  /**
   * By successor of the latest batch: 1 if a different state is stored in its place, such as a representative.
   * Absent where successors are always stored as they are.
   */
  readonly rewritten?: Uint8Array
  /** Looks up all successors of a batch in order, adds the new ones to the store, and fills `found`. */
  insert(batch: Batch, records: Int32Array): void
  /** Adds one state given in full; returns its number, complemented when it was new. */
  insertState(words: Int32Array, base: number, low: number, high: number): number
}

/** A table of visited states or of their fingerprints, independent of reductions. */
export interface StateTable extends VisitedSet {
  /** Bits of a fingerprint; absent in an exact set. */
  readonly bits?: number
  /** Most states for which the table can be made large enough; the caller must not add more. */
  readonly mostStates?: number
  /** Probability that a state was omitted, estimated from the fingerprints; see collisions.ts. */
  readonly collisionMeasured?: number
  /** The table, for a checkpoint; absent where it can be rebuilt from the states in the store. */
  readonly contents?: Int32Array
  /**
   * Replaces the table by that of a checkpoint, or by an empty one for as many states where it is rebuilt.
   * @param contents null where the set has none. @param states number of states in the checkpoint.
   * @returns what is wrong with the table, or null.
   */
  adopt?(contents: Int32Array | null, states: number): string | null
  /**
   * Called after `adopt` for each state in the store, in order: inserts it, or looks it up in the table of the
   * checkpoint. Returns its slot; -1 if the table lacks it or already has it under another number.
   */
  restoreState?(id: number, words: Int32Array, base: number, low: number, high: number): number
  /** Bytes of the larger table that `more` states need; 0 when they fit. */
  growthFor?(more: number): number
  /** Prefetches the slots of the first `count` low hash lanes, ahead of `insertState`. */
  prefetch?(low: Int32Array, count: number): void
  /**
   * As `insert`, for states in rows: row k is `[low, high, ...]` at index `at[k]` of `data`, and its packed words
   * are `offset` numbers further on.
   */
  insertRows?(rows: Rows): void
}
