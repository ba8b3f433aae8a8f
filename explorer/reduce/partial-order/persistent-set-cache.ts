import { SIZES } from '../../state/sizes.ts'

/** A power of two. */
const SLOTS = SIZES.persistentSets

/** The cache has no entry for the state. */
export const NOT_CACHED = -2

/**
 * Direct-mapped cache from states to the thread that is their singleton persistent set. An entry is lost when
 * another state takes its slot.
 */
export class PersistentSetCache {
  readonly #words: number
  readonly #states: Int32Array
  readonly #threads = new Int16Array(SLOTS).fill(NOT_CACHED)

  /** @param words of a packed state. */
  constructor(words: number) {
    this.#words = words
    this.#states = new Int32Array(SLOTS * words)
  }

  /** The thread for the packed state at `base`, NONE, or NOT_CACHED. */
  get(words: Int32Array, base: number): number {
    const slot = this.#slotOf(words, base)
    const first = slot * this.#words
    for (let w = 0; w < this.#words; w++) if (this.#states[first + w] !== words[base + w]) return NOT_CACHED
    return this.#threads[slot]
  }

  set(words: Int32Array, base: number, thread: number): void {
    const slot = this.#slotOf(words, base)
    const first = slot * this.#words
    for (let w = 0; w < this.#words; w++) this.#states[first + w] = words[base + w]
    this.#threads[slot] = thread
  }

  #slotOf(words: Int32Array, base: number): number {
    let hash = 0
    for (let w = 0; w < this.#words; w++) hash = Math.imul(hash ^ words[base + w], 0x9e3779b1) ^ (hash >>> 15)
    return (hash ^ (hash >>> 16)) & (SLOTS - 1)
  }
}
