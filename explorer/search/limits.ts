import { totalmem } from 'node:os'
import { SIZES } from '../state/sizes.ts'
import type { StopReason } from './stop-reason.ts'

/** Bounds of a search. Reaching one makes the result inconclusive, never "holds". */
export interface Limits {
  /** Distinct states. */
  readonly maxStates?: number
  /** Steps from an initial state. */
  readonly maxDepth?: number
  /** Seconds of searching. */
  readonly timeLimit?: number
  /**
   * MiB that the process may use, everything included. Default: nine tenths of what the machine, or the
   * container, has.
   */
  readonly memoryLimit?: number
  /** Polled now and then; once it says true the search ends as incomplete. */
  readonly stop?: () => boolean
}

const MIB = 1024 * 1024

/** Share of the memory from which on it is short. */
const TIGHT = SIZES.tight

/** Milliseconds between two looks at the memory of the process. */
const MEMORY_INTERVAL = 100

/** Bytes that may be allocated without a look at the memory of the process. */
const SMALL = 32 * MIB

let known: number | undefined

/** MiB of which a search may use all: nine tenths of what the container, or the machine, has. */
function defaultLimit(): number {
  if (known === undefined) {
    const constrained = process.constrainedMemory?.() ?? 0
    const available = constrained > 0 ? Math.min(constrained, totalmem()) : totalmem()
    known = Math.floor((0.9 * available) / MIB)
  }
  return known
}

/** How many times as long as the search that did not fit the one made in its place may take. */
export const PATIENCE = 50

/** Seconds that it may take in any case. */
const LEAST_PATIENCE = 10

/** Watches the limits of a search, or of several that follow each other; asked once per batch of successors. */
export class LimitWatch {
  readonly #limits: Limits
  readonly #start = performance.now()
  readonly #mostMemory: number
  /** True when most of the memory was in use at the last look. */
  tight = false
  #before: number
  /** When the search in hand began, in seconds as `seconds` counts them. */
  #began: number
  /** Seconds that the search in hand may take. */
  #patience = Number.POSITIVE_INFINITY
  /** When the memory of the process was last looked at. */
  #looked: number

  /** @param spent seconds that went into the same question before; they count. */
  constructor(limits: Limits, spent = 0) {
    this.#limits = limits
    this.#before = spent
    this.#began = spent
    this.#mostMemory = limits.memoryLimit ?? defaultLimit()
    // A limit that somebody set is looked at from the start; the machine's own not in a search of some milliseconds.
    this.#looked = limits.memoryLimit === undefined ? this.#start : Number.NEGATIVE_INFINITY
  }

  /** Another search begins, because the one before did not fit; it shares the limits with that one. */
  beginAnother(): void {
    this.#patience = Math.max(LEAST_PATIENCE, PATIENCE * this.own)
    this.#began = this.seconds
  }

  /** The search in hand goes on where another stopped that had taken so long. */
  goOnFrom(seconds: number): void {
    this.#before += seconds
  }

  /** Seconds that the search in hand has taken. */
  get own(): number {
    return this.seconds - this.#began
  }

  /** Seconds of all searches. */
  get seconds(): number {
    return this.#before + (performance.now() - this.#start) / 1000
  }

  /**
   * Why the search must stop, or null.
   * @param bytes held by the search's own tables.
   * @param growth bytes that it is about to allocate.
   */
  exceeded(states: number, bytes: number | (() => number), growth = 0): StopReason | null {
    const { maxStates, timeLimit, stop } = this.#limits
    if (stop?.()) return { kind: 'interrupted' }
    if (maxStates !== undefined && states > maxStates) return { kind: 'max-states', states: maxStates }
    if (timeLimit !== undefined && this.seconds > timeLimit) return { kind: 'time-limit', seconds: timeLimit }
    if (this.own > this.#patience) return { kind: 'retry-too-slow', times: PATIENCE, first: null }
    return this.#memoryExceeded(bytes, growth) ? { kind: 'memory-limit', mebibytes: this.#mostMemory } : null
  }

  #memoryExceeded(bytes: number | (() => number), growth: number): boolean {
    const now = performance.now()
    if (growth < SMALL && now - this.#looked < MEMORY_INTERVAL) return false
    this.#looked = now
    const held = Math.max(process.memoryUsage.rss(), typeof bytes === 'number' ? bytes : bytes())
    this.tight = held + growth > TIGHT * this.#mostMemory * MIB
    return held + growth > this.#mostMemory * MIB
  }

  /** True when states at this depth must not be expanded any more. */
  tooDeep(depth: number): boolean {
    return this.#limits.maxDepth !== undefined && depth >= this.#limits.maxDepth
  }
}
