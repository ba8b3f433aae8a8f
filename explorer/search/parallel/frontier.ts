import { SIZES } from '../../state/sizes.ts'

/** Words of a range of states: its first, the one behind its last, and the first that nobody has taken yet. */
const RANGE = { first: 0, end: 1, next: 2, words: 3 } as const

/** Least states taken at once. */
const LEAST = SIZES.leastPiece

/** Share of what a worker still holds that is taken at once, so that the last pieces are small. */
const SHARE = 4

/**
 * The states of the present level, which lie with the workers that found them, and who expands which. A worker
 * takes pieces of its own states first, then of the others', so that nobody is idle while there is work.
 * There are two sets of ranges: one is worked on while the workers say in the other what they found.
 */
export class Frontier {
  /** Most states of a piece. */
  static readonly mostOfPiece = SIZES.mostPiece
  /** The piece taken last: states `from` to `end - 1` of worker `owner`. */
  owner = 0
  from = 0
  end = 0
  readonly #ranges: Int32Array
  readonly #workers: number
  readonly #me: number
  /** Which set the present level is. */
  #parity = 0

  /** @param ranges shared by the workers, all 0 at first. */
  constructor(ranges: Int32Array, workers: number, me: number) {
    this.#ranges = ranges
    this.#workers = workers
    this.#me = me
  }

  /** Says which own states belong to the next level; may be said again until the workers have met. */
  offer(first: number, end: number): void {
    const at = this.#at(this.#parity ^ 1, this.#me)
    this.#ranges[at + RANGE.first] = first
    this.#ranges[at + RANGE.end] = end
    this.#ranges[at + RANGE.next] = first
  }

  /** After the workers have met: what was offered is the present level. Returns how many states it has. */
  turn(): number {
    this.#parity ^= 1
    return this.#sum(RANGE.first)
  }

  /** Takes a piece of the present level; false when there is none. */
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

  /** How many states of the level nobody has taken, once the workers have met because they stop. */
  get left(): number {
    return this.#sum(RANGE.next)
  }

  /** States from a border to the end, over all workers. */
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
