import { enlarged } from '../../state/array-bounds.ts'
import type { Batch } from '../../state/batch.ts'
import { SIZES } from '../../state/sizes.ts'
import type { VisitedSet } from '../../state/state-table.ts'
import { VectorStore } from '../../state/vector-store.ts'
import type { PathCompression } from './path-compression.ts'

const { chunkBits, chunkMask } = VectorStore

/** A visited set with path compression: in place of a successor it stores the end of the path that begins there. */
export class CompressingSet implements VisitedSet {
  readonly lossy: boolean
  /** All 1: the stored states are not the successors themselves. */
  rewritten = new Uint8Array(0)
  /** How many states were skipped in front of each stored state. */
  lengths: Uint16Array<ArrayBufferLike> = new Uint16Array(SIZES.array)
  readonly #inner: VisitedSet
  readonly #store: VectorStore
  readonly #compression: PathCompression

  constructor(inner: VisitedSet, store: VectorStore, compression: PathCompression) {
    this.lossy = inner.lossy
    this.#inner = inner
    this.#store = store
    this.#compression = compression
  }

  get bytes(): number {
    return this.#inner.bytes + this.lengths.byteLength
  }

  /** How many states were skipped between a stored state and the one it was found from. */
  lengthTo(id: number): number {
    return this.lengths[id]
  }

  insert(batch: Batch): void {
    const { words, chunks, tags } = this.#store
    const { low, high, source, record, found, count } = batch
    const compression = this.#compression
    if (count > this.rewritten.length) this.rewritten = new Uint8Array(count).fill(1)
    for (let k = 0; k < count; k++) {
      const chunk = source[k] >>> chunkBits
      const slot = source[k] & chunkMask
      compression.enter(chunks[chunk], slot * words, tags[chunk][slot], record[k], low[k], high[k])
      const skipped = compression.follow()
      found[k] = this.#inner.insertState(compression.words, 0, compression.low, compression.high)
      if (found[k] < 0) this.#setLength(~found[k], skipped)
    }
  }

  insertState(words: Int32Array, base: number, low: number, high: number): number {
    return this.#inner.insertState(words, base, low, high)
  }

  #setLength(id: number, length: number): void {
    if (id >= this.lengths.length) {
      this.lengths = enlarged(this.lengths, new Uint16Array(Math.max(2 * this.lengths.length, id + 1)))
    }
    this.lengths[id] = length
  }
}
