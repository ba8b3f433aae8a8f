import { SIZES } from '../../state/sizes.ts'

/** Words of a range of states: its first, the one after its last, and the first that no worker has taken yet. */
const RANGE = { first: 0, end: 1, next: 2, words: 3 } as const

/** Fewest states taken at once. */
const LEAST = SIZES.leastPiece

/** One of this many parts of what is left of a range is taken at once, so that the last pieces are small. */
const SHARE = 4

/**
 * The states of the current level, which are stored by the workers that found them, and which of them are taken. A
 * worker takes pieces of its own states first, then of the others', so that no worker is idle while there is work.
 * There are two sets of ranges: that of the current level, and that of the next one, which workers fill meanwhile.
 */
export class Frontier {
  /** Most states in a piece. */
  static readonly mostOfPiece = SIZES.mostPiece
  /** The piece taken last: states `from` to `end - 1` of worker `owner`. */
  owner = 0
  from = 0
  end = 0
  readonly #ranges: Int32Array
  readonly #workers: number
  readonly #me: number
  /** Which set is that of the current level. */
  #parity = 0

  /** @param ranges shared by the workers, initially all 0. */
  constructor(ranges: Int32Array, workers: number, me: number) {
    this.#ranges = ranges
    this.#workers = workers
    this.#me = me
  }

  /** Publishes which own states belong to the next level. Can be called again before the next barrier. */
  offer(first: number, end: number): void {
    const at = this.#at(this.#parity ^ 1, this.#me)
    this.#ranges[at + RANGE.first] = first
    this.#ranges[at + RANGE.end] = end
    this.#ranges[at + RANGE.next] = first
  }

  /** After a barrier: makes the next level the current one. Returns its number of states. */
  turn(): number {
    this.#parity ^= 1
    return this.#sum(RANGE.first)
  }

  /** Takes a piece of the current level; false if none is left. */
  take(): boolean {
    for (let n = 0; n < this.#workers; n++) {
      const owner = (this.#me + n) % this.#workers
      const at = this.#at(this.#parity, owner)
      const end = this.#ranges[at + RANGE.end]
      const left = end - Atomics.load(this.#ranges, at + RANGE.next)
      if (left <= 0) continue
      const count = Math.max(LEAST, Math.min(Frontier.mostOfPiece, Math.floor(left / SHARE)))
      const from = Atomics.add(this.#ranges, at + RANGE.next, count)
      if (from >= end) continue
      this.owner = owner
      this.from = from
      this.end = Math.min(end, from + count)
      return true
    }
    return false
  }

  /** Number of states of the level that were not taken, after the barrier of a search that stops. */
  get left(): number {
    return this.#sum(RANGE.next)
  }

  /** Number of states from a border to the end of the range, over all workers. */
  #sum(border: number): number {
    let sum = 0
    for (let w = 0; w < this.#workers; w++) {
      const at = this.#at(this.#parity, w)
      sum += Math.max(0, this.#ranges[at + RANGE.end] - this.#ranges[at + border])
    }
    return sum
  }

  #at(parity: number, worker: number): number {
    return (parity * this.#workers + worker) * RANGE.words
  }
}
