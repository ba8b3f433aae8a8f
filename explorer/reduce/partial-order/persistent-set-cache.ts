import { SIZES } from '../../state/sizes.ts'

/** Places of the memory, a power of two. */
const PLACES = SIZES.persistentSets

/** No decision is remembered. */
export const NOT_CACHED = -2

/** Remembers what was decided of states, each until another takes its place. */
export class PersistentSetCache {
  readonly #words: number
  readonly #states: Int32Array
  readonly #decision = new Int16Array(PLACES).fill(NOT_CACHED)

  /** @param words of a packed state. */
  constructor(words: number) {
    this.#words = words
    this.#states = new Int32Array(PLACES * words)
  }

  /** What was decided of the packed state at `base`, or UNDECIDED. */
  of(words: Int32Array, base: number): number {
    const place = this.#placeOf(words, base)
    const first = place * this.#words
    for (let w = 0; w < this.#words; w++) if (this.#states[first + w] !== words[base + w]) return NOT_CACHED
    return this.#decision[place]
  }

  remember(words: Int32Array, base: number, decision: number): void {
    const place = this.#placeOf(words, base)
    const first = place * this.#words
    for (let w = 0; w < this.#words; w++) this.#states[first + w] = words[base + w]
    this.#decision[place] = decision
  }

  #placeOf(words: Int32Array, base: number): number {
    let hash = 0
    for (let w = 0; w < this.#words; w++) hash = Math.imul(hash ^ words[base + w], 0x9e3779b1) ^ (hash >>> 15)
    return (hash ^ (hash >>> 16)) & (PLACES - 1)
  }
}
