import { LEAF } from '../compile/record-format.ts'
import type { Batch, VisitedSet } from '../state/batch.ts'
import { VectorStore } from '../state/vector-store.ts'
import type { CanonicalForm } from './canonical-form.ts'

const { chunkBits, chunkMask } = VectorStore

/**
 * A visited set of orbits: every state is looked up and kept as its canonical form. The states in the store
 * are canonical, so their successors are steps between orbits, with names that change along the way;
 * `Renaming` gives a path its names back.
 */
export class SymmetricSet implements VisitedSet {
  readonly lossy: boolean
  readonly rewrites = true
  /** How many states the kept ones stand for: the sum of the sizes of their orbits. */
  represented = 0
  readonly #inner: VisitedSet
  readonly #store: VectorStore
  readonly #form: CanonicalForm
  readonly #order: number
  readonly #successor: Int32Array

  constructor(inner: VisitedSet, store: VectorStore, form: CanonicalForm, order: number) {
    this.lossy = inner.lossy
    this.#inner = inner
    this.#store = store
    this.#form = form
    this.#order = order
    this.#successor = new Int32Array(store.words)
  }

  get bytes(): number {
    return this.#inner.bytes
  }

  insert(batch: Batch, leaves: Int32Array): void {
    const { words, chunks } = this.#store
    const successor = this.#successor
    const { low, high, source, leaf, found, count } = batch
    for (let k = 0; k < count; k++) {
      const chunk = chunks[source[k] >>> chunkBits]
      const base = (source[k] & chunkMask) * words
      for (let w = 0; w < words; w++) successor[w] = chunk[base + w]
      let change = leaf[k] + LEAF.first
      for (let n = leaves[leaf[k] + LEAF.changes]; n > 0; n--, change += 2)
        successor[leaves[change]] ^= leaves[change + 1]
      found[k] = this.insertState(successor, 0, low[k], high[k])
    }
  }

  insertState(words: Int32Array, base: number, low: number, high: number): number {
    const form = this.#form
    form.canonicalise(words, base, low, high)
    const id = this.#inner.insertState(form.words, 0, form.low, form.high)
    if (id < 0) this.represented += this.#order / form.stabiliser
    return id
  }
}
