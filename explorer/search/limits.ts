/** Bounds of a search. Reaching one makes the result inconclusive, never "holds". */
export interface Limits {
  /** Most distinct states. */
  readonly maxStates?: number
  /** Most steps from an initial state. */
  readonly maxDepth?: number
  /** Most seconds. */
  readonly timeLimit?: number
  /**
   * MiB that the process may use in total. Default: nine tenths of the memory of the machine or container.
   */
  readonly memoryLimit?: number
  /** Polled now and then. The search ends as incomplete once it returns true. */
  readonly stop?: () => boolean
}
