import { totalmem } from 'node:os'
import { SIZES } from '../state/sizes.ts'
import type { Limits } from './limits.ts'
import type { StopReason } from './stop-reason.ts'

const MIB = 1024 * 1024

/** Share of the memory limit from which on memory is tight. */
const TIGHT = SIZES.tight

/** Milliseconds between two checks of the memory of the process. */
const MEMORY_INTERVAL = 100

/** Bytes that may be allocated without a check of the memory of the process. */
const SMALL = 32 * MIB

let known: number | undefined

/** The default limit in MiB: nine tenths of the memory of the container or machine. */
function defaultLimit(): number {
  if (known === undefined) {
    const constrained = process.constrainedMemory?.() ?? 0
    const available = constrained > 0 ? Math.min(constrained, totalmem()) : totalmem()
    known = Math.floor((0.9 * available) / MIB)
  }
  return known
}

/** Time budget of a retry, as a multiple of the time of the search that did not fit. */
export const RETRY_BUDGET = 50

/** Least time budget of a retry, in seconds. */
const LEAST_RETRY_SECONDS = 10

/** Watches the limits of one search, or of several in a row. Checked once per batch of successors. */
export class LimitWatch {
  readonly #limits: Limits
  readonly #start = performance.now()
  readonly #mostMemory: number
  /** Whether memory was tight at the last check. */
  tight = false
  #before: number
  /** When the current search began, on the clock of `seconds`. */
  #began: number
  /** Time budget of the current search in seconds. */
  #budget = Number.POSITIVE_INFINITY
  /** When the memory of the process was last checked. */
  #checked: number

  /** @param spent seconds that earlier searches of the same call took; they count. */
  constructor(limits: Limits, spent = 0) {
    this.#limits = limits
    this.#before = spent
    this.#began = spent
    this.#mostMemory = limits.memoryLimit ?? defaultLimit()
    // Check a user-set limit immediately; skip the default one in very short searches.
    this.#checked = limits.memoryLimit === undefined ? this.#start : Number.NEGATIVE_INFINITY
  }

  /** Starts a retry, because the search before did not fit. It shares the limits, and has a time budget. */
  startRetry(): void {
    this.#budget = Math.max(LEAST_RETRY_SECONDS, RETRY_BUDGET * this.own)
    this.#began = this.seconds
  }

  /** Adds the time that an interrupted search had taken before it was resumed. */
  resumeFrom(seconds: number): void {
    this.#before += seconds
  }

  /** Seconds of the current search. */
  get own(): number {
    return this.seconds - this.#began
  }

  /** Seconds of all searches. */
  get seconds(): number {
    return this.#before + (performance.now() - this.#start) / 1000
  }

  /**
   * Why the search must stop, or null.
   * @param bytes used by the tables of the search.
   * @param growth bytes that it is about to allocate.
   */
  exceeded(states: number, bytes: number | (() => number), growth = 0): StopReason | null {
    const { maxStates, timeLimit, stop } = this.#limits
    if (stop?.()) return { kind: 'interrupted' }
    if (maxStates !== undefined && states > maxStates) return { kind: 'max-states', states: maxStates }
    if (timeLimit !== undefined && this.seconds > timeLimit) return { kind: 'time-limit', seconds: timeLimit }
    if (this.own > this.#budget) return { kind: 'retry-too-slow', times: RETRY_BUDGET, first: null }
    return this.#memoryExceeded(bytes, growth) ? { kind: 'memory-limit', mebibytes: this.#mostMemory } : null
  }

  #memoryExceeded(bytes: number | (() => number), growth: number): boolean {
    const now = performance.now()
    if (growth < SMALL && now - this.#checked < MEMORY_INTERVAL) return false
    this.#checked = now
    const held = Math.max(process.memoryUsage.rss(), typeof bytes === 'number' ? bytes : bytes())
    this.tight = held + growth > TIGHT * this.#mostMemory * MIB
    return held + growth > this.#mostMemory * MIB
  }

  /** Whether the depth limit is reached at this depth. */
  tooDeep(depth: number): boolean {
    return this.#limits.maxDepth !== undefined && depth >= this.#limits.maxDepth
  }
}
