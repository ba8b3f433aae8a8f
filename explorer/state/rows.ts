/** States in an array, each with its hash lanes in front. */
export interface Rows {
  readonly data: Int32Array
  readonly at: Int32Array
  /** The low hash lane of each, to prefetch its slot. */
  readonly low: Int32Array
  readonly count: number
  /** Distance from the beginning of a row to its packed words. */
  readonly offset: number
  readonly found: Int32Array
}
