import type { Batch, Rows } from './batch.ts'

/** Where a search looks its states up: a table of states, or something in front of one. */
export interface VisitedSet {
  /** Bytes held by the table. */
  readonly bytes: number
  /** True when two different states may be taken for one. */
  readonly lossy: boolean
  /**
   * By successor of the batch that was looked up last: 1 when another state is kept in its place, such as a
   * representative. Absent where successors are always kept as they are.
   */
  readonly rewritten?: Uint8Array
  /** Looks up all successors of a batch in order, adds the new ones to the store, and fills `found`. */
  insert(batch: Batch, records: Int32Array): void
  /** Adds one state given in full; returns its number, complemented when it was new. */
  insertState(words: Int32Array, base: number, low: number, high: number): number
}

/** A table of the states that were visited, or of their fingerprints. It knows nothing of reductions. */
export interface StateTable extends VisitedSet {
  /** Bits of the fingerprints it keeps, when it keeps fingerprints. */
  readonly bits?: number
  /** States for which its own table can be made large enough; whoever adds more is not served. */
  readonly mostStates?: number
  /** Probability that a state was lost, estimated from the fingerprints; see collisions.ts. */
  readonly collisionMeasured?: number
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
}
