import { FurtherLanes } from '../../state/wide-fingerprint-set.ts'

/** Numbers that are kept. The standard error of an estimate is about one in the root of this. */
const KEPT = 512

/** The hash of all sketches is one, so that they can be put together; it is none of those of a search. */
const SEED = 0x5eed

/**
 * The least hashes of a set of states (Bar-Yossef and others, "Counting distinct elements in a data stream", 2002): enough
 * to estimate how many states there are in several sets together, without sending the states.
 */
export class StateSketch {
  readonly #lanes: FurtherLanes
  #least: number[] = []
  #most = Number.POSITIVE_INFINITY

  /** @param words of a packed state. */
  constructor(words: number) {
    this.#lanes = new FurtherLanes(words, SEED)
  }

  /** Adds a packed state. */
  add(words: Int32Array): void {
    this.#lanes.of(words, 0)
    const [low, high] = this.#lanes.lanes
    const hash = (high >>> 0) * 2 ** 20 + (low >>> 12)
    if (hash >= this.#most) return
    this.#least.push(hash)
    if (this.#least.length >= 2 * KEPT) this.#shorten()
  }

  /** The least hashes, in ascending order. */
  get least(): readonly number[] {
    this.#shorten()
    return this.#least
  }

  #shorten(): void {
    this.#least = merged([this.#least])
    this.#most = this.#least.length < KEPT ? Number.POSITIVE_INFINITY : this.#least[KEPT - 1]
  }
}

/** The sketch of all states of several sets. */
export function merged(sketches: readonly (readonly number[])[]): number[] {
  return [...new Set(sketches.flat())].sort((a, b) => a - b).slice(0, KEPT)
}

/** About how many states a sketch stands for; exact if they are few. */
export function estimated(sketch: readonly number[]): number {
  if (sketch.length < KEPT) return sketch.length
  return Math.round(((KEPT - 1) * 2 ** 52) / sketch[KEPT - 1])
}
