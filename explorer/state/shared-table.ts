import { SIZES } from './sizes.ts'

/** How often a thread polls a claimed slot before it sleeps for a millisecond. */
const SPIN = 1000

/** Tables up to this size in bytes grow fast. */
const SMALL = SIZES.fastGrowth

/** Maximum load. */
const FULL = 3 / 4

/**
 * A lock-free hash table that several threads fill at once (Laarman, van de Pol, Weber, "Boosting multi-core
 * reachability performance with shared hash tables", FMCAD 2010). search/parallel/README.md says why it is sound.
 *
 * The first word of a slot is 0 while it is free. A thread claims it by exchanging the 0 for its key, which
 * succeeds for one thread only. It then writes the other words, the second one last: that is 0 until the slot is
 * complete. After that no word of the slot changes.
 */
export class SharedTable {
  readonly stride: number
  /** `stride` numbers per slot; open addressing with linear probing from slot `key & mask`. */
  slots: Int32Array
  mask: number
  readonly #taken: Int32Array
  readonly #check: () => void
  /** Result of the last prefetch; stored so that its reads are not optimised away. */
  prefetched = 0

  /**
   * @param slots shared, initially 0; a power of two of slots. @param taken one shared number, initially 0.
   * @param check called while waiting for another thread; throws if that thread has stopped.
   */
  constructor(slots: Int32Array, stride: number, taken: Int32Array, check: () => void) {
    this.slots = slots
    this.stride = stride
    this.mask = slots.length / stride - 1
    this.#taken = taken
    this.#check = check
  }

  get bytes(): number {
    return this.slots.byteLength
  }

  /** Number of slots taken, as far as the threads have called `addTaken`. */
  get taken(): number {
    return Atomics.load(this.#taken, 0)
  }

  /** Adds to the number of slots taken. */
  addTaken(more: number): void {
    if (more > 0) Atomics.add(this.#taken, 0, more)
  }

  /** Whether `more` keys may be inserted, counting those that threads have inserted and not yet reported. */
  fits(more: number): boolean {
    return this.taken + more <= (this.mask + 1) * FULL
  }

  /** The second word of a claimed slot; waits until it is published. */
  published(at: number): number {
    const { slots } = this
    for (;;) {
      for (let n = 0; n < SPIN; n++) {
        const word = Atomics.load(slots, at + 1)
        if (word !== 0) return word
      }
      this.#check()
      Atomics.wait(slots, at + 1, 0, 1)
    }
  }

  /** Prefetches the slots of the first `count` keys; unrolled as in prefetch-slots.ts. */
  prefetch(keys: Int32Array, count: number): void {
    const { slots, mask, stride } = this
    let warm = 0
    let k = 0
    for (; k + 8 <= count; k += 8)
      warm ^=
        slots[(keys[k] & mask) * stride] ^
        slots[(keys[k + 1] & mask) * stride] ^
        slots[(keys[k + 2] & mask) * stride] ^
        slots[(keys[k + 3] & mask) * stride] ^
        slots[(keys[k + 4] & mask) * stride] ^
        slots[(keys[k + 5] & mask) * stride] ^
        slots[(keys[k + 6] & mask) * stride] ^
        slots[(keys[k + 7] & mask) * stride]
    for (; k < count; k++) warm ^= slots[(keys[k] & mask) * stride]
    this.prefetched = warm
  }

  /** Bytes of the next table. A small one grows by four: every growth stops all threads. */
  get nextBytes(): number {
    return (this.bytes <= SMALL ? 4 : 2) * this.bytes
  }

  /** An empty, larger table for all threads. @param bytes those of this table times a power of two. */
  larger(bytes = this.nextBytes): Int32Array {
    return new Int32Array(new SharedArrayBuffer(bytes))
  }

  /**
   * Copies one of several parts into a larger table, while no thread inserts. The entries of a part go to the
   * corresponding part of each half (or quarter) of the larger table, so no two threads write to the same slot.
   * @returns the indices of the entries that would leave their part; see `copyRest`.
   */
  copyPart(next: Int32Array, part: number, parts: number): number[] {
    const { slots, stride, mask } = this
    const wrap = next.length / stride - 1
    const first = Math.floor(((mask + 1) * part) / parts)
    const end = Math.floor(((mask + 1) * (part + 1)) / parts)
    const rest: number[] = []
    for (let from = first * stride; from < end * stride; from += stride) {
      const key = slots[from]
      if (key === 0) continue
      const home = key & wrap
      const place = home & mask
      const last = (home - place + end) * stride
      let to = home * stride
      while (to < last && next[to] !== 0) to += stride
      if (place < first || place >= end || to === last) rest.push(from)
      else {
        next[to] = key
        next[to + 1] = slots[from + 1]
        for (let n = 2; n < stride; n++) next[to + n] = slots[from + n]
      }
    }
    return rest
  }

  /**
   * Copies the entries that `copyPart` returned, once all threads have copied their parts. When all threads are
   * done, they `adopt` the larger table.
   */
  copyRest(next: Int32Array, rest: readonly number[]): void {
    const { slots, stride } = this
    const wrap = next.length / stride - 1
    for (const from of rest) {
      const key = slots[from]
      let to = key & wrap
      while (Atomics.compareExchange(next, to * stride, 0, key) !== 0) to = (to + 1) & wrap
      for (let n = 1; n < stride; n++) next[to * stride + n] = slots[from + n]
    }
  }

  adopt(slots: Int32Array): void {
    this.slots = slots
    this.mask = slots.length / this.stride - 1
  }
}

/** Maps a hash lane to a word of a slot, where 0 is reserved. */
export const nonZero = (lane: number): number => (lane === 0 ? 1 : lane)
