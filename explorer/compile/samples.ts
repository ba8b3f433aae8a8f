import { xoshiro } from '../state/tabulation.ts'

/** Which recordings are made again when a search ends: all, or a sample that costs little time. */
export type Recheck = 'all' | 'sample'

/** In a sample there are the first recording of each step or property, and then one of this many. */
const ONE_OF = 16

/**
 * Recordings of a search, kept to be made again in another order when it ends: by then, what model code keeps
 * outside the state has other values than it had. A recording is a state and a number for what came of it.
 */
export class Samples {
  readonly #all: boolean
  readonly #least: number
  readonly #width: number
  /** `[subject, outcome, words...]` per recording. */
  #rows = new Int32Array(1 << 10)
  #used = 0
  /** Recordings made of each subject, kept or not. */
  readonly #made: Uint32Array

  /**
   * @param subjects how many steps or properties there are.
   * @param words of a packed state.
   * @param least how often each subject is visited at least: code that counts its calls may change late.
   */
  constructor(subjects: number, words: number, recheck: Recheck, least: Readonly<Record<Recheck, number>>) {
    this.#least = least[recheck]
    this.#all = recheck === 'all'
    this.#width = 2 + words
    this.#made = new Uint32Array(subjects)
  }

  /** A subject was recorded on the packed state at `base`. */
  add(subject: number, outcome: number, words: Int32Array, base: number): void {
    const nth = this.#made[subject]++
    if (!this.#all && nth % ONE_OF !== 0) return
    if (this.#used + this.#width > this.#rows.length) {
      const larger = new Int32Array(2 * (this.#rows.length + this.#width))
      larger.set(this.#rows)
      this.#rows = larger
    }
    this.#rows[this.#used] = subject
    this.#rows[this.#used + 1] = outcome
    this.#rows.set(words.subarray(base, base + this.#width - 2), this.#used + 2)
    this.#used += this.#width
  }

  /**
   * Visits what is kept: the last first, then in orders drawn by lot, until each subject was visited often
   * enough. The state is at `base` of `words`.
   */
  visit(
    seed: number,
    visit: (subject: number, outcome: number, words: Int32Array, base: number) => void,
  ): void {
    const visits = new Uint32Array(this.#made.length)
    const order = Int32Array.from({ length: this.#used / this.#width }, (_, n) => n * this.#width).reverse()
    const random = xoshiro(seed)
    for (let isMore = true; isMore; shuffle(order, random)) {
      const before = visits.slice()
      for (const at of order) {
        const subject = this.#rows[at]
        if (before[subject] >= this.#least) continue
        visits[subject]++
        visit(subject, this.#rows[at + 1], this.#rows, at + 2)
      }
      isMore = order.some((at) => visits[this.#rows[at]] < this.#least)
    }
  }
}

/** Fisher and Yates. */
function shuffle(order: Int32Array, random: () => number): void {
  for (let n = order.length - 1; n > 0; n--) {
    const other = (random() >>> 0) % (n + 1)
    const at = order[n]
    order[n] = order[other]
    order[other] = at
  }
}
