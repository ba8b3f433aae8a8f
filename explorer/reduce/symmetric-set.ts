import { LEAF } from '../compile/record-format.ts'
import type { Batch, VisitedSet } from '../state/batch.ts'
import { VectorStore } from '../state/vector-store.ts'
import type { CanonicalForm } from './canonical-form.ts'

const { chunkBits, chunkMask } = VectorStore

/**
 * A visited set of orbits: every state is looked up and kept as its canonical form. The states in the store
 * are canonical, so their successors are steps between orbits, with names that change along the way;
 * `Symmetry.trueSteps` gives a path its names back.
 */
export class SymmetricSet implements VisitedSet {
  readonly lossy: boolean
  /**
   * Answers are not inherited from state to state: a property was seen to read page 3, but after a renaming it
   * is page 1 that it depends on, which it may never have read so far.
   */
  readonly rewrites = true
  /** How many states the kept ones stand for: the sum of the sizes of their orbits. */
  represented = 0
  readonly #inner: VisitedSet
  readonly #store: VectorStore
  readonly #form: CanonicalForm
  readonly #order: number
  readonly #successor: Int32Array
  /** The forms of a batch, with their hash lanes and stabilisers. */
  #forms = new Int32Array(0)
  #lows = new Int32Array(0)
  #highs = new Int32Array(0)
  #stabilisers = new Float64Array(0)

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

  /** First all forms, then the table's places brought into the cache together, then the look-ups. */
  insert(batch: Batch, leaves: Int32Array): void {
    const { words, chunks } = this.#store
    const form = this.#form
    const successor = this.#successor
    const { low, high, source, leaf, found, count } = batch
    this.#reserve(count)
    const forms = this.#forms
    const lows = this.#lows
    for (let k = 0; k < count; k++) {
      const chunk = chunks[source[k] >>> chunkBits]
      const base = (source[k] & chunkMask) * words
      for (let w = 0; w < words; w++) successor[w] = chunk[base + w]
      let change = leaf[k] + LEAF.first
      for (let n = leaves[leaf[k] + LEAF.changes]; n > 0; n--, change += 2)
        successor[leaves[change]] ^= leaves[change + 1]
      form.canonicalise(successor, 0, low[k], high[k])
      for (let w = 0; w < words; w++) forms[k * words + w] = form.words[w]
      lows[k] = form.low
      this.#highs[k] = form.high
      this.#stabilisers[k] = form.stabiliser
    }
    this.#inner.touch?.(lows, count)
    for (let k = 0; k < count; k++) {
      found[k] = this.#inner.insertState(forms, k * words, lows[k], this.#highs[k])
      if (found[k] < 0) this.represented += this.#order / this.#stabilisers[k]
    }
  }

  #reserve(count: number): void {
    if (count <= this.#lows.length) return
    this.#forms = new Int32Array(count * this.#store.words)
    this.#lows = new Int32Array(count)
    this.#highs = new Int32Array(count)
    this.#stabilisers = new Float64Array(count)
  }

  insertState(words: Int32Array, base: number, low: number, high: number): number {
    const form = this.#form
    form.canonicalise(words, base, low, high)
    const id = this.#inner.insertState(form.words, 0, form.low, form.high)
    if (id < 0) this.represented += this.#order / form.stabiliser
    return id
  }
}
