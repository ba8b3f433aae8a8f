import { xoshiro } from '../../state/tabulation.ts'

/** Random numbers that depend only on the seed and the number of the walk, so that any walk can be repeated. */
export class Draws {
  readonly #next: () => number

  constructor(seed: number, walk: number) {
    const mixed = Math.imul(seed ^ Math.imul(walk + 1, 0x9e3779b1), 0x85ebca6b)
    this.#next = xoshiro(mixed ^ (mixed >>> 15) ^ Math.floor(walk / 2 ** 32))
  }

  /** A uniform integer from 0 to `bound - 1`; `bound` is at most 2^32. */
  below(bound: number): number {
    const fair = 2 ** 32 - (2 ** 32 % bound)
    for (;;) {
      const drawn = this.#next() >>> 0
      if (drawn < fair) return drawn % bound
    }
  }

  /** Shuffles a list in place. */
  shuffle(list: number[]): void {
    for (let n = list.length - 1; n > 0; n--) {
      const other = this.below(n + 1)
      const kept = list[n]
      list[n] = list[other]
      list[other] = kept
    }
  }
}
