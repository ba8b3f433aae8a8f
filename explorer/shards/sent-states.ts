/** Entries of the cache, a power of two. */
const SLOTS = 1 << 16

/**
 * Some of the states that were sent to their owners, so that they are not sent again: most successors are found several
 * times. Compares whole states, so that no state is taken for another one; what is forgotten is sent twice.
 */
export class SentStates {
  readonly #words: number
  readonly #states: Int32Array
  readonly #isUsed = new Uint8Array(SLOTS)

  /** @param words of a packed state. */
  constructor(words: number) {
    this.#words = words
    this.#states = new Int32Array(SLOTS * words)
  }

  /**
   * Whether a state is known to have been sent; it is from now on.
   * @param low its low hash lane. The state is at `base` of `words`, combined with those at `change` by exclusive or.
   */
  has(low: number, words: Int32Array, base: number, records: Int32Array, change: number): boolean {
    const slot = (low ^ (low >>> 16)) & (SLOTS - 1)
    const states = this.#states
    const at = slot * this.#words
    let differs = this.#isUsed[slot] ^ 1
    for (let w = 0; w < this.#words; w++) {
      const word = words[base + w] ^ records[change + w]
      differs |= states[at + w] ^ word
      states[at + w] = word
    }
    this.#isUsed[slot] = 1
    return differs === 0
  }
}
