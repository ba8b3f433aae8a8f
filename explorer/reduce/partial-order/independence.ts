/**
 * Footprints of several threads, each explored while all others stand still, as bits of the packed state. If no
 * thread changes what another's exploration read, the threads are independent: in any interleaving of these steps
 * each thread finds what it found alone.
 */
export class Independence {
  /** By thread: bits that selected the enabled steps while it moved alone. */
  readonly reads: readonly Int32Array[]
  /** By thread: bits that it changed. */
  readonly changes: readonly Int32Array[]
  /** By thread: bits that predicate q depended on while it moved, at `q * words`. */
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

  /** Whether no thread changes what another's exploration read. */
  get areStepsIndependent(): boolean {
    return this.reads.every((bits, u) => this.#isOnlyChangedBy(u, bits, 0))
  }

  /**
   * Whether every predicate has a thread such that no other thread changes the bits that the predicate depended on
   * while that thread moved: of the threads explored, only that one can change it.
   * @param except the thread that was not explored.
   */
  arePredicatesIndependent(except: number): boolean {
    for (let at = 0; at < this.predicateReads[0].length; at += this.#words)
      if (!this.predicateReads.some((bits, u) => u !== except && this.#isOnlyChangedBy(u, bits, at)))
        return false
    return true
  }

  /** Whether no thread but `u` changes the bits. */
  #isOnlyChangedBy(u: number, bits: Int32Array, at: number): boolean {
    return this.changes.every((changed, v) => v === u || !this.#overlap(changed, bits, at))
  }

  #overlap(changed: Int32Array, bits: Int32Array, at: number): boolean {
    for (let w = 0; w < this.#words; w++) if ((changed[w] & bits[at + w]) !== 0) return true
    return false
  }
}
