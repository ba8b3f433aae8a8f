import type { Batch } from '../../state/batch.ts'
import type { StateTable, VisitedSet } from '../../state/state-table.ts'
import { VectorStore } from '../../state/vector-store.ts'
import type { CanonicalForm } from './canonical-form.ts'

const { chunkBits, chunkMask } = VectorStore

/** Hash lanes in front of the words of a form. */
const LANES = 2
/** In place of a stabiliser. */
const NOT_COUNTED = 0

/**
 * A visited set of orbits: every state is looked up and kept as its canonical form. The states in the store
 * are canonical, so their successors are steps between orbits, with names that change along the way;
 * `Symmetry.trueSteps` gives a path its names back.
 */
export class SymmetricSet implements VisitedSet {
  readonly lossy: boolean
  rewritten = new Uint8Array(0)
  /** How many states the kept ones stand for: the sum of the sizes of their orbits. */
  represented = 0
  readonly #inner: StateTable
  readonly #store: VectorStore
  readonly #form: CanonicalForm
  readonly #order: number
  /** The forms of a batch as rows of hash lanes and words, and what permutations leave each as it is. */
  #forms = new Int32Array(0)
  #lows = new Int32Array(0)
  #places = new Int32Array(0)
  #stabilisers = new Float64Array(0)

  constructor(inner: StateTable, store: VectorStore, form: CanonicalForm, order: number) {
    this.lossy = inner.lossy
    this.#inner = inner
    this.#store = store
    this.#form = form
    this.#order = order
  }

  /** What brings states into the form in which they are kept. */
  get form(): CanonicalForm {
    return this.#form
  }

  get bytes(): number {
    return this.#inner.bytes
  }

  /** First all forms, then the table's places brought into the cache together, then the look-ups. */
  insert(batch: Batch, records: Int32Array): void {
    const { count, found } = batch
    this.#reserve(count)
    this.#makeForms(batch, records)
    const forms = this.#forms
    const at = this.#places
    const low = this.#lows
    const inner = this.#inner
    if (inner.insertRows !== undefined)
      inner.insertRows({ data: forms, at, low, count, offset: LANES, found })
    else {
      inner.touch?.(low, count)
      for (let k = 0; k < count; k++)
        found[k] = inner.insertState(forms, at[k] + LANES, low[k], forms[at[k] + 1])
    }
    const form = this.#form
    const stabilisers = this.#stabilisers
    for (let k = 0; k < count; k++) {
      if (found[k] >= 0) continue
      if (stabilisers[k] === NOT_COUNTED) {
        form.canonicalise(forms, at[k] + LANES, 0, 0)
        stabilisers[k] = form.stabiliser
      }
      this.represented += this.#order / stabilisers[k]
    }
  }

  /**
   * Writes the forms of the successors. A step that changes nothing which permutations move leads from a form
   * to a form: all states between which the form is chosen change alike.
   */
  #makeForms({ low, high, source, record, count }: Batch, records: Int32Array): void {
    const { words, chunks } = this.#store
    const form = this.#form
    const { moved } = form
    const forms = this.#forms
    const lows = this.#lows
    const stabilisers = this.#stabilisers
    const { rewritten } = this
    for (let k = 0; k < count; k++) {
      const chunk = chunks[source[k] >>> chunkBits]
      const base = (source[k] & chunkMask) * words
      const row = k * (words + LANES)
      const change = record[k] - words
      let moves = 0
      for (let w = 0; w < words; w++) {
        forms[row + LANES + w] = chunk[base + w] ^ records[change + w]
        moves |= records[change + w] & moved[w]
      }
      forms[row] = low[k]
      forms[row + 1] = high[k]
      lows[k] = low[k]
      rewritten[k] = 0
      stabilisers[k] = NOT_COUNTED
      if (moves === 0) continue
      form.canonicalise(forms, row + LANES, low[k], high[k])
      stabilisers[k] = form.stabiliser
      let renamed = 0
      for (let w = 0; w < words; w++) renamed |= forms[row + LANES + w] ^ form.words[w]
      if (renamed === 0) continue
      for (let w = 0; w < words; w++) forms[row + LANES + w] = form.words[w]
      forms[row] = form.low
      forms[row + 1] = form.high
      lows[k] = form.low
      rewritten[k] = 1
    }
  }

  #reserve(count: number): void {
    if (count <= this.#lows.length) return
    const width = this.#store.words + LANES
    this.#forms = new Int32Array(count * width)
    this.#lows = new Int32Array(count)
    this.#places = Int32Array.from({ length: count }, (_, k) => k * width)
    this.#stabilisers = new Float64Array(count)
    this.rewritten = new Uint8Array(count)
  }

  insertState(words: Int32Array, base: number, low: number, high: number): number {
    const form = this.#form
    form.canonicalise(words, base, low, high)
    const id = this.#inner.insertState(form.words, 0, form.low, form.high)
    if (id < 0) this.represented += this.#order / form.stabiliser
    return id
  }
}
