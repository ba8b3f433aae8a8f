/**
 * What the steps of several threads, each looked at while the others stand still, depend on and change, in bits
 * of the packed state. Where nobody changes what another's look depended on, each finds in any mixture of these
 * steps what it found alone.
 */
export class Independence {
  /** By thread: bits on which depended which steps were found while it moved alone. */
  readonly reads: readonly Int32Array[]
  /** By thread: bits that it changed. */
  readonly changes: readonly Int32Array[]
  /** By thread: bits on which the answer to question q depended meanwhile, at `q * words`. */
  readonly predicateReads: readonly Int32Array[]
  readonly #words: number

  constructor(threads: number, words: number, predicates: number) {
    const room = (size: number): Int32Array[] => Array.from({ length: threads }, () => new Int32Array(size))
    this.#words = words
    this.reads = room(words)
    this.changes = room(words)
    this.predicateReads = room(predicates * words)
  }

  clear(): void {
    for (const bits of [...this.reads, ...this.changes, ...this.predicateReads]) bits.fill(0)
  }

  /** True when no thread changes what was read while another moved. */
  get areStepsIndependent(): boolean {
    return this.reads.every((bits, u) => this.#isLeftAlone(u, bits, 0))
  }

  /**
   * True when for every question there is a thread such that no other changes what the answers depended on while
   * it moved.
   * @param but the thread that was not looked at.
   */
  arePredicatesIndependent(but: number): boolean {
    for (let at = 0; at < this.predicateReads[0].length; at += this.#words)
      if (!this.predicateReads.some((bits, u) => u !== but && this.#isLeftAlone(u, bits, at))) return false
    return true
  }

  /** True when none but thread `u` changes the bits. */
  #isLeftAlone(u: number, bits: Int32Array, at: number): boolean {
    return this.changes.every((changed, v) => v === u || !this.#meets(changed, bits, at))
  }

  #meets(changed: Int32Array, bits: Int32Array, at: number): boolean {
    for (let w = 0; w < this.#words; w++) if ((changed[w] & bits[at + w]) !== 0) return true
    return false
  }
}
