import type { System } from '../../model/language/system.ts'
import type { SuccessorLists } from '../compile/successor-lists.ts'
import { RECORD } from '../compile/transition-record.ts'
import type { Batch } from '../state/batch.ts'
import { SIZES } from '../state/sizes.ts'
import { type CacheEntries, VectorStore } from '../state/vector-store.ts'

const { chunkBits, chunkMask } = VectorStore

/** Who may sleep; see Inheritance. */
export type Sleep = 'never' | 'in-order' | 'by-level'

/**
 * What a new state knows of its steps from the state it was found from, in the notes of the store: one number
 * per thread, twice the number of its list of enabled steps, plus one when the thread sleeps. 0 when the list
 * has to be looked up.
 *
 * A thread keeps its list when the step that led to the new state changed nothing on which the list depends.
 *
 * A thread sleeps in a state when all successors by its steps are looked up somewhere else, so that they need
 * not be looked up again (sleep sets, Godefroid 1996, used only to save look-ups: every state is still found,
 * at the same depth). Say that step b of thread t led from s to the new state, and that a step a of thread u
 * that is enabled in s commutes with b: a(b(s)) is b(a(s)), which is looked up when a(s) is expanded, unless t
 * sleeps there. So there must be no ring of states that leave it to each other.
 *
 * Sleep `in-order`: u comes before t in the order of threads, or slept in s already. Then a(s) was looked up
 * before b(s). States are numbered in the order of their look-ups and expanded in the order of their numbers,
 * so a(s) is expanded before b(s), and every state is found by the same step and in the same place as without
 * sleeping. The same holds where states are kept as representatives of their orbits, for new states that are
 * their own: a(s) stands for a renaming of it then, whose successors are renamings of those of a(s). Only a state
 * that is kept under other names than it was found by takes over nothing.
 *
 * Sleep `by-level`: u comes before t in the order of threads, whether it slept in s or not. This holds
 * whoever expands the states of a level, in whatever order, if a level is finished before the next begins.
 * Claim: when the level of x is finished, all successors of x by steps of each thread u are looked up. By
 * induction over the levels, and within a level over the threads from the last to the first: if u is awake in
 * x, they are looked up when x is expanded. Otherwise x is b(s) as above, and a(s), which the level before
 * has found, is at the level of x or at an earlier one. If at an earlier one, then that is finished. If at the
 * same, all its successors by t are looked up, because t comes after u. Either way b(a(s)) is.
 */
export class Inheritance {
  readonly #lists: SuccessorLists
  readonly #store: VectorStore
  readonly #threadOf: Int32Array
  readonly #loop: Loop

  /** @param sleep `never` when somebody wants to hear of every look-up. */
  constructor(lists: SuccessorLists, store: VectorStore, sleep: Sleep) {
    this.#lists = lists
    this.#store = store
    const { steps, system } = lists.compiled
    this.#threadOf = Int32Array.from(steps, (step) => step.thread)
    this.#loop = loopFor(store.words, system.threads.length, sleep)
  }

  /**
   * Makes the notes of the states that were new in a batch, which is compacted.
   * @param rewritten 1 for each successor in whose place another state is kept: it knows nothing.
   */
  handOn(batch: Batch, rewritten: Uint8Array | undefined = undefined): void {
    const { fresh, freshCount, found, source, record } = batch
    const { footprints, compiled } = this.#lists
    const { cache, cacheWidth } = this.#store
    const { records } = compiled
    this.#loop(freshCount, fresh, found, source, record, cache, records, footprints, this.#threadOf)
    if (rewritten === undefined) return
    for (let n = 0; n < freshCount; n++) {
      const k = fresh[n]
      if (rewritten[k] === 0) continue
      const row = cache[~found[k] >>> chunkBits]
      const at = (~found[k] & chunkMask) * cacheWidth
      for (let t = 0; t < cacheWidth; t++) row[at + t] = 0
    }
  }
}

/** Threads up to which notes may have two bytes each; more threads have fewer lists each. */
const FEW_THREADS = SIZES.wideCacheEntries
/** Threads beyond which the notes of a state would take more memory than the state. */
const MOST_THREADS = SIZES.cachedThreads

/** How many notes the store needs, and of how many bytes; none where nothing is handed on. */
export function successorCacheFor({ threads }: System): {
  readonly cacheWidth: number
  readonly entryBytes: 1 | 2
} {
  return {
    cacheWidth: threads.length <= MOST_THREADS ? threads.length : 0,
    entryBytes: threads.length <= FEW_THREADS ? 2 : 1,
  }
}

/** The loop of `handOn` over the new successors of a batch. */
type Loop = (
  count: number,
  fresh: Int32Array,
  found: Int32Array,
  source: Int32Array,
  record: Int32Array,
  cache: readonly CacheEntries[],
  records: Int32Array,
  footprints: Int32Array,
  threadOf: Int32Array,
) => void

/** Words of all threads beyond which the loop over the threads stays a loop. */
const MOST_UNROLLED = SIZES.unrolled

/**
 * The loop for a length of the packed state and a number of threads, unrolled over the words, and over the threads if
 * they are few. It is generated with `new Function` because the lengths are only known at run time and this loop runs
 * for every new state: with constant lengths the words stay in local variables instead of arrays. (With two other
 * changes it saved 5 to 13 % of the CPU time of a search.) The text contains only numbers and names from this function,
 * nothing from the model. It does not branch on cache entries, because that would be unpredictable.
 */
function loopFor(words: number, threads: number, sleep: Sleep): Loop {
  const each = (term: (w: number) => string, by: string): string =>
    Array.from({ length: words }, (_, w) => term(w)).join(by)
  const noteOf = (t: string | number): string => `{
        const note = from[parent + ${t}]
        const list = (note >>> 1) * ${2 * words}
        const meets = ${each((w) => `(footprints[list + ${w}] & change${w})`, ' | ')}
        const disturbs = ${each((w) => `(footprints[list + ${words + w}] & read${w})`, ' | ')}
        const kept = ~((meets | -meets) >> 31)
        const commutes = ~((disturbs | -disturbs) >> 31)
        const looked = ${sleep === 'in-order' ? 'note | ' : ''}((${t} - mover) >>> 31)
        into[child + ${t}] = kept & ${sleep !== 'never' ? '((note & 0xfffe) | (looked & commutes & 1))' : 'note & 0xfffe'}
      }`
  const perThread =
    words * threads <= MOST_UNROLLED
      ? Array.from({ length: threads }, (_, t) => noteOf(t)).join('\n')
      : `for (let t = 0; t < ${threads}; t++) ${noteOf('t')}`
  return new Function(`return (count, fresh, found, source, record, cache, records, footprints, threadOf) => {
    for (let n = 0; n < count; n++) {
      const k = fresh[n]
      const id = ~found[k]
      const state = source[k]
      const transition = record[k]
      const from = cache[state >>> ${chunkBits}]
      const parent = (state & ${chunkMask}) * ${threads}
      const into = cache[id >>> ${chunkBits}]
      const child = (id & ${chunkMask}) * ${threads}
      const mover = threadOf[records[transition + ${RECORD.step}]]
      const own = (from[parent + mover] >>> 1) * ${2 * words}
      ${each((w) => `const change${w} = records[transition - ${words - w}]`, '\n')}
      ${each((w) => `const read${w} = footprints[own + ${w}]`, '\n')}
      ${perThread}
      into[child + mover] = 0
    }
  }`)() as Loop
}
