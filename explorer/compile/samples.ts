import { enlarged } from '../state/array-bounds.ts'
import { xoshiro } from '../state/tabulation.ts'
import type { Observations } from './decision-trees.ts'

/** Which recordings are made twice, and again when a search ends: all, or a sample that takes little time. */
export type Recheck = 'all' | 'sample'

/** A sample has one recording in sixteen of each step or predicate, the first one included. */
const ONE_OF = 16

/**
 * Whether a recording is one of every sixteen or so that are made twice in a row where not all are. That is decided by a
 * hash of what it is a function of, so that it does not depend on the order of the recordings.
 * @param index of the step or predicate.
 */
export function isSampled(
  index: number,
  { observed, classes, base }: Observations & { readonly base: ArrayLike<number> },
): boolean {
  let hash = index
  for (let n = 0; n < observed.length; n++) {
    const field = observed[n]
    const value = classes[n]?.[base[field]] ?? base[field]
    hash = Math.imul(hash ^ ((field << 16) | value), 0x9e3779b1)
    hash ^= hash >>> 15
  }
  return (hash & (ONE_OF - 1)) === 0
}

/**
 * Recordings of a search, to be repeated in a different order when it ends. Model code that depends on variables
 * outside the state is likely to give different results then, because the variables have changed.
 */
export class Samples {
  readonly #all: boolean
  readonly #least: number
  readonly #width: number
  /** `[index, outcome, words...]` per recording; the index is that of the step or predicate. */
  #rows = new Int32Array(1 << 10)
  #used = 0
  /** Recordings made of each step or predicate, stored or not. */
  readonly #made: Uint32Array

  /**
   * @param count number of steps or predicates.
   * @param words of a packed state.
   * @param least how often each is visited, at least: code that counts its own calls may change late.
   */
  constructor(count: number, words: number, recheck: Recheck, least: Readonly<Record<Recheck, number>>) {
    this.#least = least[recheck]
    this.#all = recheck === 'all'
    this.#width = 2 + words
    this.#made = new Uint32Array(count)
  }

  /** Adds what was recorded on the packed state at `base`. */
  add(index: number, outcome: number, words: Int32Array, base: number): void {
    const nth = this.#made[index]++
    if (!this.#all && nth % ONE_OF !== 0) return
    if (this.#used + this.#width > this.#rows.length) {
      this.#rows = enlarged(this.#rows, new Int32Array(2 * (this.#rows.length + this.#width)))
    }
    this.#rows[this.#used] = index
    this.#rows[this.#used + 1] = outcome
    this.#rows.set(words.subarray(base, base + this.#width - 2), this.#used + 2)
    this.#used += this.#width
  }

  /**
   * Visits the stored recordings, first in reverse and then in random orders, until each step or predicate was
   * visited often enough. The state is at `base` of `words`.
   */
  visit(
    seed: number,
    visit: (index: number, outcome: number, words: Int32Array, base: number) => void,
  ): void {
    const visits = new Uint32Array(this.#made.length)
    const order = Int32Array.from({ length: this.#used / this.#width }, (_, n) => n * this.#width).reverse()
    const random = xoshiro(seed)
    for (let isMore = true; isMore; shuffle(order, random)) {
      const before = visits.slice()
      for (const at of order) {
        const index = this.#rows[at]
        if (before[index] >= this.#least) continue
        visits[index]++
        visit(index, this.#rows[at + 1], this.#rows, at + 2)
      }
      isMore = order.some((at) => visits[this.#rows[at]] < this.#least)
    }
  }
}

/** Fisher-Yates. */
function shuffle(order: Int32Array, random: () => number): void {
  for (let n = order.length - 1; n > 0; n--) {
    const other = (random() >>> 0) % (n + 1)
    const at = order[n]
    order[n] = order[other]
    order[other] = at
  }
}
