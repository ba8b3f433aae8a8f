import type { CompiledSystem } from '../compile/compiled-system.ts'
import { UNKNOWN } from '../compile/decision-trees.ts'
import { LIST, LIST_ENTRY, SuccessorLists } from '../compile/successor-lists.ts'
import { RECORD } from '../compile/transition-record.ts'
import { Batch } from '../state/batch.ts'
import { SIZES } from '../state/sizes.ts'
import { VectorStore } from '../state/vector-store.ts'

/** Callbacks of an expansion. */
export interface ExpansionSink {
  /** The batch is full and must be emptied. States below `head` are expanded. False stops the expansion. */
  flush(head: number): boolean
  /** Transition `record`, taken from `state`, violates action properties or ends in an oops. */
  special(state: number, record: number): void
  /** `state` has no enabled step. */
  terminal(state: number, words: Int32Array, base: number): void
}

/** Finds the successors of states and puts them into batches. This is the hottest loop of a search. */
export class Expander {
  readonly lists: SuccessorLists
  readonly batch: Batch
  /** Steps taken so far, including those that end in an oops. */
  transitions = 0
  readonly #compiled: CompiledSystem
  readonly #store: VectorStore
  readonly #counterWord: Int32Array
  readonly #counterShift: Int32Array
  readonly #counterMask: Int32Array

  constructor(compiled: CompiledSystem, store: VectorStore) {
    this.#compiled = compiled
    this.#store = store
    // An entry of the successor cache is twice the number of a list, plus the sleep bit.
    this.lists = new SuccessorLists(compiled, Math.min(SIZES.lists, 2 ** (8 * store.entryBytes - 1) - 1))
    const { system } = compiled
    this.batch = new Batch(compiled.mostEnabled)
    this.#counterWord = Int32Array.from(system.threads, (t) => t.counter.word)
    this.#counterShift = Int32Array.from(system.threads, (t) => t.counter.shift)
    this.#counterMask = Int32Array.from(system.threads, (t) => t.counter.mask)
  }

  /**
   * Expands the states `from` to `end - 1`. The last successors may remain in the batch.
   * @returns the first state that is not expanded: `end`, unless the sink stopped the expansion.
   */
  expand(from: number, end: number, sink: ExpansionSink): number {
    const store = this.#store
    const { batch, lists } = this
    const { dispatch } = this.#compiled
    const { firstGroup, lastGroup } = lists
    const counterWord = this.#counterWord
    const counterShift = this.#counterShift
    const counterMask = this.#counterMask
    const threads = counterWord.length
    const width = store.words
    const { cacheWidth } = store
    let { roots, lists: table, offsets } = lists
    let { nodes } = lists.trees
    let transitions = 0
    let k = batch.count
    let isWanted = true
    let head = from
    while (head < end && isWanted) {
      const chunk = head >>> VectorStore.chunkBits
      const words = store.chunks[chunk]
      const lows = store.lows[chunk]
      const highs = store.highs[chunk]
      const cache = store.cache[chunk]
      const last = Math.min(end, (chunk + 1) << VectorStore.chunkBits)
      for (; head < last && isWanted; head++) {
        const slot = head & VectorStore.chunkMask
        const base = slot * width
        const ownEntries = slot * cacheWidth
        const ownLow = lows[slot]
        const ownHigh = highs[slot]
        let enabled = 0
        for (let t = 0; t < threads; t++) {
          // Bit 0: the thread sleeps. The rest: number of its list of enabled steps, 0 if it must be looked up.
          const cached = cacheWidth === 0 ? 0 : cache[ownEntries + t]
          const isAwake = (cached & 1) === 0
          if (cached > 1) {
            // Only lists without special transitions have a number.
            const list = offsets[cached >>> 1]
            table[list]++
            enabled += table[list + LIST.count]
            if (isAwake) k = addSuccessors(batch, k, head, ownLow, ownHigh, table, list)
            continue
          }
          const at = dispatch[t] + ((words[base + counterWord[t]] >>> counterShift[t]) & counterMask[t])
          for (let g = firstGroup[at]; g < lastGroup[at]; g++) {
            let node = roots[g]
            while (node > 0) {
              const test = nodes[node]
              node = nodes[node + 1 + ((words[base + (test >>> 17)] >>> test) & ((test >>> 5) & 0xfff))]
            }
            if (node === UNKNOWN) {
              node = lists.resolve(g, words, base)
              // It may have enlarged its arrays.
              roots = lists.roots
              nodes = lists.trees.nodes
              table = lists.lists
              offsets = lists.offsets
              if (node === UNKNOWN) {
                // The group was split into one per step: start again with the new groups of this program counter.
                g = firstGroup[at] - 1
                continue
              }
            }
            const list = -node
            table[list]++
            enabled += table[list + LIST.count]
            if (cacheWidth !== 0 && lastGroup[at] - firstGroup[at] === 1)
              cache[ownEntries + t] = (table[list + LIST.number] << 1) | cached
            if (!isAwake) continue
            k =
              table[list + LIST.special] === 0
                ? addSuccessors(batch, k, head, ownLow, ownHigh, table, list)
                : this.#addSpecial(k, head, ownLow, ownHigh, list, sink)
          }
        }
        if (k >= Batch.capacity) {
          batch.count = k
          isWanted = sink.flush(head) && isWanted
          k = batch.count
        }
        transitions += enabled
        if (enabled === 0) sink.terminal(head, words, base)
      }
    }
    batch.count = k
    this.transitions += transitions
    return head
  }

  /** Like `addSuccessors`, for a list in which transitions violate action properties or end in an oops. */
  #addSpecial(
    k: number,
    state: number,
    low: number,
    high: number,
    list: number,
    sink: ExpansionSink,
  ): number {
    const { batch } = this
    const table = this.lists.lists
    const { records } = this.#compiled
    let next = k
    let entry = list + LIST.first
    for (let n = table[list + LIST.count]; n > 0; n--, entry += LIST_ENTRY) {
      const transition = table[entry + 2]
      const fault = records[transition + RECORD.fault]
      if ((records[transition + RECORD.violated] | fault) !== 0) sink.special(state, transition)
      if (fault !== 0) continue
      batch.low[next] = low ^ table[entry]
      batch.high[next] = high ^ table[entry + 1]
      batch.source[next] = state
      batch.record[next++] = transition
    }
    return next
  }
}

/**
 * Puts the successors of `state`, which has the hash lanes `low` and `high`, by all steps of a list into the batch,
 * from place `k` on. Returns the next free place.
 */
function addSuccessors(
  batch: Batch,
  k: number,
  state: number,
  low: number,
  high: number,
  table: Int32Array,
  list: number,
): number {
  let next = k
  let entry = list + LIST.first
  for (const end = entry + table[list + LIST.count] * LIST_ENTRY; entry < end; entry += LIST_ENTRY) {
    batch.low[next] = low ^ table[entry]
    batch.high[next] = high ^ table[entry + 1]
    batch.source[next] = state
    batch.record[next++] = table[entry + 2]
  }
  return next
}
