import { doubledBytes, enlarged } from '../../state/array-bounds.ts'
import { SIZES } from '../../state/sizes.ts'

/**
 * The edges that one worker has found: two words per edge, the entries of its source and target in the shared table. An
 * entry names a state for all workers; see `SharedExactSet`.
 */
export class EdgeList {
  #words = new Int32Array(SIZES.array)
  #used = 0

  get bytes(): number {
    return this.#words.byteLength
  }

  /** Bytes to allocate before `edges` more can be added; 0 if they fit already. */
  growthFor(edges: number): number {
    return doubledBytes(this.#words, this.#used + 2 * edges)
  }

  add(source: number, target: number): void {
    if (this.#used + 2 > this.#words.length)
      this.#words = enlarged(this.#words, new Int32Array(2 * this.#words.length))
    this.#words[this.#used++] = source
    this.#words[this.#used++] = target
  }

  /** All edges; the list must not be used after that. */
  get pairs(): Int32Array {
    return this.#words.subarray(0, this.#used)
  }
}
