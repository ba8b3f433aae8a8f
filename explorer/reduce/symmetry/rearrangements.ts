import type { Permutation, SymmetryGroup } from './symmetry-group.ts'

/**
 * All permutations of a group up to exchanges within classes of slots: one of each set of permutations that
 * differ only by such exchanges made first. Nothing is allocated after construction.
 */
export class Rearrangements {
  /** The present one. */
  readonly permutation: Permutation
  readonly #firsts: readonly number[]
  readonly #lasts: readonly number[]
  /** For each slot as a target, the class that one of its members goes there. */
  readonly #word: Uint8Array
  /** The next slot of the same class; the first member of each class that has no target yet. */
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
   * Goes to the first one, which keeps the order of the slots of each class.
   * @param classes for each slot the first slot of its class; a class lies within one sort.
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

  /** Goes to the next one; false when there is none left. */
  next(): boolean {
    let n = 0
    while (n < this.#firsts.length && !this.#advance(this.#firsts[n], this.#lasts[n])) n++
    if (n === this.#firsts.length) return false
    this.#settle()
    return true
  }

  /** The next word over one sort in lexicographic order; after the last one the first again, and false. */
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

  /** The permutation that takes the members of each class, in order, to the targets of the class. */
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
  const kept = list[a]
  list[a] = list[b]
  list[b] = kept
}
