import type { Permutation, SymmetryGroup } from './symmetry-group.ts'

/**
 * Enumerates the permutations of a group up to exchanges within classes of slots: one of each set of permutations
 * that differ only by such exchanges made first (a coset). Nothing is allocated after construction.
 */
export class Rearrangements {
  /** The current one. */
  readonly permutation: Permutation
  readonly #firsts: readonly number[]
  readonly #lasts: readonly number[]
  /** For each target slot, the class from which its member comes. */
  readonly #word: Uint8Array
  /** By slot: the next one of its class. By class: its first member without a target. */
  readonly #following: Uint8Array
  readonly #waiting: Uint8Array

  constructor(group: SymmetryGroup) {
    this.#firsts = group.bases
    this.#lasts = group.sorts.map(({ size }, n) => group.bases[n] + size)
    this.permutation = group.identity()
    this.#word = new Uint8Array(group.slots)
    this.#following = new Uint8Array(group.slots)
    this.#waiting = new Uint8Array(group.slots)
  }

  /**
   * Starts with the first one, which preserves the order within each class.
   * @param classes for each slot, the first slot of its class; a class is part of one sort.
   */
  start(classes: Uint8Array): void {
    for (let slot = 0; slot < classes.length; slot++) {
      let next = slot + 1
      while (next < classes.length && classes[next] !== classes[slot]) next++
      this.#following[slot] = next
    }
    this.#word.set(classes)
    for (let n = 0; n < this.#firsts.length; n++) this.#word.subarray(this.#firsts[n], this.#lasts[n]).sort()
    this.#settle()
  }

  /** Moves to the next one; false if there is none. */
  next(): boolean {
    let n = 0
    while (n < this.#firsts.length && !this.#advance(this.#firsts[n], this.#lasts[n])) n++
    if (n === this.#firsts.length) return false
    this.#settle()
    return true
  }

  /** Moves one sort to its next word in lexicographic order; from the last one to the first, returning false. */
  #advance(first: number, last: number): boolean {
    const word = this.#word
    let at = last - 2
    while (at >= first && word[at] >= word[at + 1]) at--
    if (at >= first) {
      let other = last - 1
      while (word[other] <= word[at]) other--
      exchange(word, at, other)
    }
    for (let a = at < first ? first : at + 1, b = last - 1; a < b; a++, b--) exchange(word, a, b)
    return at >= first
  }

  /** Sets the permutation that maps the members of each class, in order, to the targets of the class. */
  #settle(): void {
    const word = this.#word
    const waiting = this.#waiting
    for (let slot = 0; slot < waiting.length; slot++) waiting[slot] = slot
    for (let target = 0; target < word.length; target++) {
      const slot = waiting[word[target]]
      waiting[word[target]] = this.#following[slot]
      this.permutation[slot] = target
    }
  }
}

function exchange(list: Uint8Array, a: number, b: number): void {
  const saved = list[a]
  list[a] = list[b]
  list[b] = saved
}
