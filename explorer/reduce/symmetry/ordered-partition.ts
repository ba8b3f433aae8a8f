import type { SymmetryGroup } from './symmetry-group.ts'

/**
 * The slots of every sort in an order that is not yet settled among slots of one class. The class of a slot is
 * the position at which its class begins, so that equal classes in two states mean the same place. Nothing is
 * allocated after construction; `save` and `restore` keep one copy per depth of the search for a form.
 */
export class OrderedPartition {
  /** Slots by position; the positions of a sort are its slots' numbers. */
  readonly order: Int32Array
  /** Class of each slot. */
  readonly color: Int32Array
  /** True when every class is a single slot. */
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

  /** Splits every class by a signature per slot, smaller ones first. Returns whether anything split. */
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

  /** One past the last position of the class that begins at position `begin`. */
  endOf(begin: number): number {
    const { order, color } = this
    let end = begin + 1
    while (end < this.#slots && color[order[end]] === begin) end++
    return end
  }

  /** Puts the slot at position `at` first in its class and apart from the rest of it. */
  individualise(begin: number, at: number): void {
    const { order, color } = this
    const slot = order[at]
    order[at] = order[begin]
    order[begin] = slot
    const end = this.endOf(begin)
    for (let k = begin + 1; k < end; k++) color[order[k]] = begin + 1
  }

  /** Remembers the partition at a depth. */
  save(depth: number): void {
    const at = 2 * this.#slots * depth
    this.#saved.set(this.order, at)
    this.#saved.set(this.color, at + this.#slots)
  }

  /** Goes back to the partition remembered at a depth. */
  restore(depth: number): void {
    const at = 2 * this.#slots * depth
    this.order.set(this.#saved.subarray(at, at + this.#slots))
    this.color.set(this.#saved.subarray(at + this.#slots, at + 2 * this.#slots))
  }
}
