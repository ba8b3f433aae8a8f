import type { SymmetryGroup } from './symmetry-group.ts'

/**
 * An ordered partition of the slots of every sort into classes; the order within a class is open. A class is named by
 * the position where it begins, so that equal colors in two states mean the same position. Nothing is allocated after
 * construction; `save` and `restore` use one copy per depth of the search for a canonical form.
 */
export class OrderedPartition {
  /** Slots by position; a sort has the positions with the numbers of its slots. */
  readonly order: Int32Array
  /** Class of each slot. */
  readonly color: Int32Array
  /** Whether every class is a single slot. */
  discrete = false
  readonly #firsts: Int32Array
  readonly #lasts: Int32Array
  readonly #slots: number
  readonly #saved: Int32Array
  readonly #next: Int32Array

  constructor(group: SymmetryGroup) {
    const { slots, bases, sorts } = group
    this.#slots = slots
    this.order = new Int32Array(slots)
    this.color = new Int32Array(slots)
    this.#next = new Int32Array(slots)
    this.#saved = new Int32Array(2 * slots * (slots + 1))
    this.#firsts = Int32Array.from(bases)
    this.#lasts = Int32Array.from(bases, (base, n) => base + sorts[n].size)
  }

  /** One class per sort. */
  reset(): void {
    const { order, color } = this
    for (let n = 0; n < this.#firsts.length; n++) {
      for (let at = this.#firsts[n]; at < this.#lasts[n]; at++) {
        order[at] = at
        color[at] = this.#firsts[n]
      }
    }
  }

  /** Splits every class by a signature per slot, in ascending order. Returns whether a class was split. */
  split(signature: Int32Array): boolean {
    const { order, color } = this
    let changed = false
    let discrete = true
    for (let n = 0; n < this.#firsts.length; n++) {
      const first = this.#firsts[n]
      const last = this.#lasts[n]
      for (let at = first + 1; at < last; at++) {
        const slot = order[at]
        const own = color[slot]
        const mark = signature[slot]
        let to = at
        while (to > first) {
          const other = order[to - 1]
          if (color[other] < own || (color[other] === own && signature[other] <= mark)) break
          order[to] = other
          to--
        }
        order[to] = slot
      }
      let begin = first
      this.#next[order[first]] = first
      for (let at = first + 1; at < last; at++) {
        const slot = order[at]
        const before = order[at - 1]
        if (color[slot] !== color[before]) begin = at
        else if (signature[slot] !== signature[before]) {
          begin = at
          changed = true
        } else discrete = false
        this.#next[slot] = begin
      }
    }
    for (let slot = 0; slot < color.length; slot++) color[slot] = this.#next[slot]
    this.discrete = discrete
    return changed
  }

  /** The position after the class that begins at position `begin`. */
  endOf(begin: number): number {
    const { order, color } = this
    let end = begin + 1
    while (end < this.#slots && color[order[end]] === begin) end++
    return end
  }

  /** Makes the slot at position `at` a separate class in front of the rest of its class. */
  individualise(begin: number, at: number): void {
    const { order, color } = this
    const slot = order[at]
    order[at] = order[begin]
    order[begin] = slot
    const end = this.endOf(begin)
    for (let k = begin + 1; k < end; k++) color[order[k]] = begin + 1
  }

  /** Saves the partition at a depth. */
  save(depth: number): void {
    const at = 2 * this.#slots * depth
    this.#saved.set(this.order, at)
    this.#saved.set(this.color, at + this.#slots)
  }

  /** Restores the partition saved at a depth. */
  restore(depth: number): void {
    const at = 2 * this.#slots * depth
    this.order.set(this.#saved.subarray(at, at + this.#slots))
    this.color.set(this.#saved.subarray(at + this.#slots, at + 2 * this.#slots))
  }
}
