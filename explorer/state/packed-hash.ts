import type { Field } from '../../model/language/fields.ts'
import type { Tabulation } from './tabulation.ts'

/** Validates and hashes packed states that come from a file. */
export class PackedHash {
  /** Hash lanes of the latest state. */
  low = 0
  high = 0
  readonly #hash: Tabulation
  readonly #words: Int32Array
  readonly #shifts: Int32Array
  readonly #masks: Int32Array
  readonly #sizes: Int32Array
  /** Bits that belong to no field, by word. */
  readonly #unused: Int32Array

  /** @param words length of a packed state. */
  constructor(fields: readonly Field[], words: number, hash: Tabulation) {
    this.#hash = hash
    this.#words = Int32Array.from(fields, (f) => f.word)
    this.#shifts = Int32Array.from(fields, (f) => f.shift)
    this.#masks = Int32Array.from(fields, (f) => f.mask)
    this.#sizes = Int32Array.from(fields, (f) => f.shape.size)
    this.#unused = new Int32Array(words).fill(-1)
    for (const { word, shift, mask } of fields) this.#unused[word] &= ~(mask << shift)
  }

  /**
   * Computes the lanes of the packed state at `base`.
   * @returns false for an invalid state: a value is outside its field's domain, or a bit that belongs to no field
   * is set.
   */
  of(words: Int32Array, base: number): boolean {
    const { low, high, offset } = this.#hash
    for (let w = 0; w < this.#unused.length; w++) if ((words[base + w] & this.#unused[w]) !== 0) return false
    let lo = 0
    let hi = 0
    for (let f = 0; f < this.#words.length; f++) {
      const value = (words[base + this.#words[f]] >>> this.#shifts[f]) & this.#masks[f]
      if (value >= this.#sizes[f]) return false
      lo ^= low[offset[f] + value]
      hi ^= high[offset[f] + value]
    }
    this.low = lo
    this.high = hi
    return true
  }
}
