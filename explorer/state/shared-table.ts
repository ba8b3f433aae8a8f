import { SIZES } from './sizes.ts'

/** A claimed slot is looked at so often before the thread goes to sleep for a moment. */
const SPIN = 1000

/** Bytes up to which a table is small. */
const SMALL = SIZES.fastGrowth

/** Share of the slots that may be taken. */
const FULL = 3 / 4

/**
 * A table of slots that several threads fill at once, without locks (Laarman, van de Pol, Weber, "Boosting
 * multi-core reachability performance with shared hash tables", FMCAD 2010). README.md beside the parallel
 * search says why this is sound.
 *
 * The first word of a slot is 0 while it is free. A thread claims it by exchanging the 0 for its key, which
 * succeeds for one thread only. What else belongs to the slot is written then, the second word last: it is 0
 * until the slot is complete. No word of a slot ever changes again.
 */
export class SharedTable {
  readonly stride: number
  /** `stride` numbers per slot; open addressing with linear probing from slot `key & mask`. */
  slots: Int32Array
  mask: number
  readonly #taken: Int32Array
  readonly #check: () => void
  /** Keeps the warming reads from being optimised away. */
  touched = 0

  /**
   * @param slots shared, all 0 at first; a power of two of slots. @param taken one shared number, 0 at first.
   * @param check called while waiting for another thread; throws when that one will not go on.
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

  /** Slots that are taken, as far as the threads have said so. */
  get taken(): number {
    return Atomics.load(this.#taken, 0)
  }

  /** A thread has taken so many slots more. */
  note(more: number): void {
    if (more > 0) Atomics.add(this.#taken, 0, more)
  }

  /** True when so many more keys may be inserted, those that other threads have not noted yet included. */
  fits(more: number): boolean {
    return this.taken + more <= (this.mask + 1) * FULL
  }

  /** The second word of a slot that is claimed; waits until it is published. */
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

  /** Brings the slots of the first `count` keys into the cache. */
  touch(keys: Int32Array, count: number): void {
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
    this.touched = warm
  }

  /** Bytes of the next table. A small one grows fast, because copying is what it costs most. */
  get nextBytes(): number {
    return (this.bytes <= SMALL ? 4 : 2) * this.bytes
  }

  /** An empty table that is larger, for all threads. @param bytes a power of two times those of this one. */
  larger(bytes = this.nextBytes): Int32Array {
    return new Int32Array(new SharedArrayBuffer(bytes))
  }

  /**
   * Copies one of several parts into a larger table, while no thread inserts. What lies in a part stays in the
   * same part of each half (or quarter) of the larger table, so that no two threads write to one place.
   * @returns where the slots begin that do not stay in their part; see `copyRest`.
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

  /** Copies what `copyPart` left, when all threads have copied their parts. When all are done, they `adopt`. */
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

/** A hash lane as a word of a slot, where 0 has a meaning of its own. */
export const nonZero = (lane: number): number => (lane === 0 ? 1 : lane)
