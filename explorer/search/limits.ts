/** Bounds of a search. Reaching one makes the result inconclusive, never "holds". */
export interface Limits {
  /** Distinct states. */
  readonly maxStates?: number
  /** Steps from an initial state. */
  readonly maxDepth?: number
  /** Seconds of searching. */
  readonly timeLimit?: number
  /** MiB held by the search's own tables. */
  readonly memoryLimit?: number
  /** Polled now and then; once it says true the search ends as incomplete. */
  readonly stop?: () => boolean
}

/** Watches the limits of one search; asked once per batch of successors. */
export class LimitWatch {
  readonly #limits: Limits
  readonly #start = performance.now()

  constructor(limits: Limits) {
    this.#limits = limits
  }

  /** Seconds since the search began. */
  get seconds(): number {
    return (performance.now() - this.#start) / 1000
  }

  /** Why the search must stop, or null. */
  exceeded(states: number, bytes: number | (() => number)): string | null {
    const { maxStates, timeLimit, memoryLimit, stop } = this.#limits
    if (stop?.()) return 'interrupted'
    if (maxStates !== undefined && states > maxStates) return `more than ${maxStates} states (--max-states)`
    if (timeLimit !== undefined && this.seconds > timeLimit) return `${timeLimit} s passed (--time-limit)`
    if (memoryLimit === undefined) return null
    const held = typeof bytes === 'number' ? bytes : bytes()
    return held > memoryLimit * 1024 * 1024 ? `${memoryLimit} MiB used (--memory-limit)` : null
  }

  /** True when states at this depth must not be expanded any more. */
  tooDeep(depth: number): boolean {
    return this.#limits.maxDepth !== undefined && depth >= this.#limits.maxDepth
  }
}
