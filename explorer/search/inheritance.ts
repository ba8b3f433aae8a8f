import { LEAF } from '../compile/record-format.ts'
import type { SuccessorLists } from '../compile/successor-lists.ts'
import type { Batch } from '../state/batch.ts'
import { VectorStore } from '../state/vector-store.ts'

const { chunkBits, chunkMask } = VectorStore

/**
 * What a new state knows of its steps from the state it was found from, in the notes of the store: one number
 * per thread, twice the number of its list of enabled steps, plus one when the thread sleeps. 0 when the list
 * has to be looked up.
 *
 * A thread keeps its list when the step that led to the new state changed nothing on which the list depends.
 *
 * A thread sleeps in a state when all successors by its steps were looked up before the state is expanded, so
 * that they need not be looked up again (sleep sets, Godefroid 1996, used only to save look-ups: every state
 * is still found, by the same step and in the same place). Say that step b of thread t led from s to the new
 * state, and that a step a of thread u with a(s) looked up before b(s), because u comes first in the order of
 * threads or slept in s already. States are numbered in the order of their look-ups and expanded in the order
 * of their numbers, so a(s) is expanded before b(s), and b(a(s)) is looked up then. Where a and b commute,
 * that is a(b(s)).
 */
export class Inheritance {
  readonly #lists: SuccessorLists
  readonly #store: VectorStore
  readonly #threadOf: Int32Array
  readonly #threads: number
  readonly #sleep: boolean

  /** @param sleep false when somebody wants to hear of every look-up. */
  constructor(lists: SuccessorLists, store: VectorStore, sleep: boolean) {
    this.#lists = lists
    this.#store = store
    const { steps, system } = lists.compiled
    this.#threadOf = Int32Array.from(steps, (step) => step.thread)
    this.#threads = system.threads.length
    this.#sleep = sleep
  }

  /** Makes the notes of the states that were new in a batch. */
  handOn({ found, source, leaf, count }: Batch): void {
    const { notes } = this.#store
    const threads = this.#threads
    for (let k = 0; k < count; k++) {
      if (found[k] >= 0) continue
      const id = ~found[k]
      const parent = source[k]
      this.#one(
        notes[parent >>> chunkBits],
        (parent & chunkMask) * threads,
        leaf[k],
        notes[id >>> chunkBits],
        (id & chunkMask) * threads,
      )
    }
  }

  #one(from: Uint16Array, parent: number, leaf: number, into: Uint16Array, child: number): void {
    const { footprints, compiled } = this.#lists
    const { leaves } = compiled
    const { words } = this.#store
    const threads = this.#threads
    const first = leaf + LEAF.first
    const last = first + 2 * leaves[leaf + LEAF.changes]
    const mover = this.#threadOf[leaves[leaf + LEAF.step]]
    const own = (from[parent + mover] >>> 1) * 2 * words
    for (let t = 0; t < threads; t++) {
      if (t === mover) continue
      const note = from[parent + t]
      if (note === 0) continue
      const list = (note >>> 1) * 2 * words
      let meets = 0
      for (let at = first; at < last; at += 2) meets |= footprints[list + leaves[at]] & leaves[at + 1]
      if (meets !== 0) continue
      let sleeps = this.#sleep && (t < mover || (note & 1) !== 0) ? 1 : 0
      if (sleeps !== 0) {
        for (let w = 0; w < words; w++) meets |= footprints[list + words + w] & footprints[own + w]
        if (meets !== 0) sleeps = 0
      }
      into[child + t] = (note & 0xfffe) | sleeps
    }
  }
}
