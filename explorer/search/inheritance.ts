import type { System } from '../../model/language/system.ts'
import { LEAF } from '../compile/record-format.ts'
import type { SuccessorLists } from '../compile/successor-lists.ts'
import type { Batch } from '../state/batch.ts'
import { type Notes, VectorStore } from '../state/vector-store.ts'

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
  readonly #loop: Loop
  #scratch: { readonly rows: readonly [Uint16Array]; readonly found: Int32Array } | null = null

  /** @param sleep false when somebody wants to hear of every look-up. */
  constructor(lists: SuccessorLists, store: VectorStore, sleep: boolean) {
    this.#lists = lists
    this.#store = store
    const { steps, system } = lists.compiled
    this.#threadOf = Int32Array.from(steps, (step) => step.thread)
    this.#loop = loopFor(store.words, system.threads.length, sleep)
  }

  /** Makes the notes of the states that were new in a batch, which is compacted. */
  handOn(batch: Pick<Batch, 'fresh' | 'freshCount' | 'found' | 'source' | 'leaf'>): void {
    const { fresh, freshCount, found, source, leaf } = batch
    const { footprints, compiled } = this.#lists
    const { notes } = this.#store
    const { leaves } = compiled
    this.#loop(freshCount, fresh, found, source, leaf, notes, notes, leaves, footprints, this.#threadOf)
  }

  /**
   * Says which threads would sleep in some successors, for a store with other numbers for its lists.
   * @param which of the batch, and how many. @param masks gets one bit per thread for each of them.
   */
  sleepers({ source, leaf }: Batch, which: Int32Array, count: number, masks: Int32Array): void {
    const threads = this.#store.room
    this.#scratch ??= {
      rows: [new Uint16Array(threads * which.length)],
      found: Int32Array.from(which, (_, k) => ~k),
    }
    const { rows, found } = this.#scratch
    const { footprints, compiled } = this.#lists
    const { leaves } = compiled
    this.#loop(count, which, found, source, leaf, this.#store.notes, rows, leaves, footprints, this.#threadOf)
    const [notes] = rows
    for (let n = 0; n < count; n++) {
      const row = which[n] * threads
      let mask = 0
      for (let t = 0; t < threads; t++) mask |= (notes[row + t] & 1) << t
      masks[which[n]] = mask
    }
  }

  /** Notes what another store's `sleepers` said of a new state; the lists are to be looked up. */
  letSleep(id: number, mask: number): void {
    const { notes, room } = this.#store
    const row = notes[id >>> chunkBits]
    const at = (id & chunkMask) * room
    for (let t = 0; t < room; t++) row[at + t] = (mask >>> t) & 1
  }
}

/** Threads up to which notes may have two bytes each; more threads have fewer lists each. */
const FEW_THREADS = 8
/** Threads beyond which the notes of a state would take more memory than the state. */
const MOST_THREADS = 32

/** How many notes the store needs, and of how many bytes; none where nothing is handed on. */
export function notesFor({ threads }: System): { readonly room: number; readonly noteBytes: 1 | 2 } {
  return {
    room: threads.length <= MOST_THREADS ? threads.length : 0,
    noteBytes: threads.length <= FEW_THREADS ? 2 : 1,
  }
}

/** The loop of `handOn` over the new successors of a batch. */
type Loop = (
  count: number,
  fresh: Int32Array,
  found: Int32Array,
  source: Int32Array,
  leaf: Int32Array,
  notes: readonly Notes[],
  made: readonly Notes[],
  leaves: Int32Array,
  footprints: Int32Array,
  threadOf: Int32Array,
) => void

/** Words of all threads beyond which the loop over the threads stays a loop. */
const MOST_UNROLLED = 32

/**
 * The loop for a length of the packed state and a number of threads, unrolled over the words, and over the
 * threads if they are few. It has no branches on notes, because nobody could foresee them.
 */
function loopFor(words: number, threads: number, sleep: boolean): Loop {
  const each = (term: (w: number) => string, by: string): string =>
    Array.from({ length: words }, (_, w) => term(w)).join(by)
  const noteOf = (t: string | number): string => `{
        const note = from[parent + ${t}]
        const list = (note >>> 1) * ${2 * words}
        const meets = ${each((w) => `(footprints[list + ${w}] & change${w})`, ' | ')}
        const disturbs = ${each((w) => `(footprints[list + ${words + w}] & read${w})`, ' | ')}
        const kept = ~((meets | -meets) >> 31)
        const commutes = ~((disturbs | -disturbs) >> 31)
        const looked = note | ((${t} - mover) >>> 31)
        into[child + ${t}] = kept & ${sleep ? '((note & 0xfffe) | (looked & commutes & 1))' : 'note & 0xfffe'}
      }`
  const perThread =
    words * threads <= MOST_UNROLLED
      ? Array.from({ length: threads }, (_, t) => noteOf(t)).join('\n')
      : `for (let t = 0; t < ${threads}; t++) ${noteOf('t')}`
  return new Function(`return (count, fresh, found, source, leaf, notes, made, leaves, footprints, threadOf) => {
    for (let n = 0; n < count; n++) {
      const k = fresh[n]
      const id = ~found[k]
      const state = source[k]
      const behaviour = leaf[k]
      const from = notes[state >>> ${chunkBits}]
      const parent = (state & ${chunkMask}) * ${threads}
      const into = made[id >>> ${chunkBits}]
      const child = (id & ${chunkMask}) * ${threads}
      const mover = threadOf[leaves[behaviour + ${LEAF.step}]]
      const own = (from[parent + mover] >>> 1) * ${2 * words}
      ${each((w) => `const change${w} = leaves[behaviour - ${words - w}]`, '\n')}
      ${each((w) => `const read${w} = footprints[own + ${w}]`, '\n')}
      ${perThread}
      into[child + mover] = 0
    }
  }`)() as Loop
}
