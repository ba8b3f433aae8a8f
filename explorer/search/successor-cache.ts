import type { System } from '../../model/language/system.ts'
import type { SuccessorLists } from '../compile/successor-lists.ts'
import { RECORD } from '../compile/transition-record.ts'
import type { Batch } from '../state/batch.ts'
import { SIZES } from '../state/sizes.ts'
import { type CacheEntries, VectorStore } from '../state/vector-store.ts'

const { chunkBits, chunkMask } = VectorStore

/** Which threads may sleep; see SuccessorCache. */
export type Sleep = 'never' | 'in-order' | 'by-level'

/**
 * Fills the cache entries of new states from those of their parents. The store holds one entry per state and thread:
 * twice the number of the thread's list of enabled steps, plus one when the thread sleeps; 0 when the list must be
 * looked up.
 *
 * A thread keeps its list if the step that led to the new state changed nothing on which the list depends.
 *
 * A thread sleeps in a state if all successors by its steps are looked up from another state, so that they need not
 * be looked up again (sleep sets, Godefroid 1996, used only to save look-ups: every state is still found, at the same
 * depth). Let step b of thread t lead from s to the new state, and let step a of thread u, enabled in s, commute with
 * b: a(b(s)) is b(a(s)), which is looked up when a(s) is expanded, unless t sleeps there. So there must be no cycle
 * of states that each rely on the next.
 *
 * Sleep `in-order`: u comes before t in the order of threads, or slept in s already. Then a(s) was looked up
 * before b(s). States are numbered in the order of their look-ups and expanded in the order of their numbers,
 * so a(s) is expanded before b(s), and every state is found by the same step and in the same place as without
 * sleeping. The same holds where orbits are stored as representatives, for new states that are their own
 * representative: a(s) then stands for a renaming of it, whose successors are renamings of those of a(s). A state
 * that is stored as another one gets no entries.
 *
 * Sleep `by-level`: u comes before t in the order of threads, whether it slept in s or not. This is sound for any
 * order of expansion within a level, by any worker, if a level is finished before the next begins.
 * Claim: when the level of x is finished, all successors of x by steps of each thread u are looked up. By
 * induction over the levels, and within a level over the threads from the last to the first: if u is awake in
 * x, they are looked up when x is expanded. Otherwise x is b(s) as above, and a(s), which was found in the level
 * before, is at the level of x or at an earlier one. If at an earlier one, that level is finished. If at the
 * same, all its successors by t are looked up, because t comes after u. In both cases b(a(s)) is looked up.
 */
export class SuccessorCache {
  readonly #lists: SuccessorLists
  readonly #store: VectorStore
  readonly #threadOf: Int32Array
  readonly #loop: Loop

  /** @param sleep `never` when every edge of the graph is needed. */
  constructor(lists: SuccessorLists, store: VectorStore, sleep: Sleep) {
    this.#lists = lists
    this.#store = store
    const { steps, system } = lists.compiled
    this.#threadOf = Int32Array.from(steps, (step) => step.thread)
    this.#loop = loopFor(store.words, system.threads.length, sleep)
  }

  /**
   * Fills the entries of the new states of a compacted batch.
   * @param rewritten non-zero for each successor in whose place another state is stored: its entries are cleared.
   */
  fill(batch: Batch, rewritten: Uint8Array | undefined = undefined): void {
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

/** Most threads for which an entry has two bytes. With more threads, fewer lists can be cached. */
const FEW_THREADS = SIZES.wideCacheEntries
/** Most threads that are cached: with more, the entries of a state would be larger than the state. */
const MOST_THREADS = SIZES.cachedThreads

/** Entries per state, and bytes per entry; no entries for a system with too many threads. */
export function cacheSizesFor({ threads }: System): {
  readonly cacheWidth: number
  readonly entryBytes: 1 | 2
} {
  return {
    cacheWidth: threads.length <= MOST_THREADS ? threads.length : 0,
    entryBytes: threads.length <= FEW_THREADS ? 2 : 1,
  }
}

/** The loop of `fill` over the new successors of a batch. */
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
  const entryOf = (t: string | number): string => `{
        const entry = from[parent + ${t}]
        const list = (entry >>> 1) * ${2 * words}
        const meets = ${each((w) => `(footprints[list + ${w}] & change${w})`, ' | ')}
        const disturbs = ${each((w) => `(footprints[list + ${words + w}] & read${w})`, ' | ')}
        const kept = ~((meets | -meets) >> 31)
        const commutes = ~((disturbs | -disturbs) >> 31)
        const looked = ${sleep === 'in-order' ? 'entry | ' : ''}((${t} - mover) >>> 31)
        into[child + ${t}] = kept & ${sleep !== 'never' ? '((entry & 0xfffe) | (looked & commutes & 1))' : 'entry & 0xfffe'}
      }`
  const perThread =
    words * threads <= MOST_UNROLLED
      ? Array.from({ length: threads }, (_, t) => entryOf(t)).join('\n')
      : `for (let t = 0; t < ${threads}; t++) ${entryOf('t')}`
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
