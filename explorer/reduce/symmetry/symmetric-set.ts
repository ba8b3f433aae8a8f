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
 * A visited set of orbits: every state is looked up and stored in canonical form. The stored states are canonical,
 * so names may change with every step of a path; `Symmetry.trueSteps` computes the path without renaming.
 */
export class SymmetricSet implements VisitedSet {
  readonly lossy: boolean
  rewritten = new Uint8Array(0)
  /** How many states the stored ones represent: the sum of the sizes of their orbits. */
  represented = 0
  readonly #inner: StateTable
  readonly #store: VectorStore
  readonly #form: CanonicalForm
  readonly #order: number
  /** The canonical forms of a batch as rows of hash lanes and words, and the order of the stabiliser of each. */
  #forms = new Int32Array(0)
  #lows = new Int32Array(0)
  #rows = new Int32Array(0)
  #stabilisers = new Float64Array(0)

  constructor(inner: StateTable, store: VectorStore, form: CanonicalForm, order: number) {
    this.lossy = inner.lossy
    this.#inner = inner
    this.#store = store
    this.#form = form
    this.#order = order
  }

  /** Computes the canonical forms. */
  get form(): CanonicalForm {
    return this.#form
  }

  get bytes(): number {
    return this.#inner.bytes
  }

  /** Computes all forms before the first look-up, so that the table can prefetch its slots together. */
  insert(batch: Batch, records: Int32Array): void {
    const { count, found } = batch
    this.#reserve(count)
    this.#makeForms(batch, records)
    const forms = this.#forms
    const at = this.#rows
    const low = this.#lows
    const inner = this.#inner
    if (inner.insertRows !== undefined)
      inner.insertRows({ data: forms, at, low, count, offset: LANES, found })
    else {
      inner.prefetch?.(low, count)
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
   * Computes the forms of the successors. If a step changes only bits that no permutation moves, the successor of a
   * canonical state is canonical: all states of the orbit change in the same way, so the least one stays the least.
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
    this.#rows = Int32Array.from({ length: count }, (_, k) => k * width)
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
