import type { CompiledSystem } from '../compile/compiled-system.ts'
import { UNKNOWN } from '../compile/decision-trees.ts'
import { LIST, LIST_ENTRY, SuccessorLists } from '../compile/successor-lists.ts'
import { RECORD } from '../compile/transition-record.ts'
import { Batch } from '../state/batch.ts'
import { SIZES } from '../state/sizes.ts'
import { VectorStore } from '../state/vector-store.ts'

/** What an expansion tells the search. */
export interface ExpansionSink {
  /** The batch is full; the sink empties it. States below `head` are expanded. False stops the expansion. */
  flush(head: number): boolean
  /** Transition `record` was taken from `state`; it violates action properties or ends in a fault. */
  special(state: number, record: number): void
  /** `state` has no enabled step. */
  terminal(state: number, words: Int32Array, base: number): void
}

/** Finds the successors of states and puts them into batches. The loop everything else waits for. */
export class Expander {
  readonly lists: SuccessorLists
  readonly batch: Batch
  /** Steps taken so far, those that fault included. */
  transitions = 0
  readonly #compiled: CompiledSystem
  readonly #store: VectorStore
  readonly #counterWord: Int32Array
  readonly #counterShift: Int32Array
  readonly #counterMask: Int32Array

  constructor(compiled: CompiledSystem, store: VectorStore) {
    this.#compiled = compiled
    this.#store = store
    // A note holds twice a number, and one more.
    this.lists = new SuccessorLists(compiled, Math.min(SIZES.lists, 2 ** (8 * store.entryBytes - 1) - 1))
    const { system } = compiled
    this.batch = new Batch(compiled.mostEnabled)
    this.#counterWord = Int32Array.from(system.threads, (t) => t.counter.word)
    this.#counterShift = Int32Array.from(system.threads, (t) => t.counter.shift)
    this.#counterMask = Int32Array.from(system.threads, (t) => t.counter.mask)
  }

  /**
   * Expands the states `from` to `end - 1`. What is found last may remain in the batch.
   * @returns the first state that is not expanded: `end`, unless the sink stopped the expansion.
   */
  expand(from: number, end: number, sink: ExpansionSink): number {
    const store = this.#store
    const { batch, lists } = this
    const { low, high, source, record } = batch
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
    let going = true
    let head = from
    while (head < end && going) {
      const chunk = head >>> VectorStore.chunkBits
      const words = store.chunks[chunk]
      const lows = store.lows[chunk]
      const highs = store.highs[chunk]
      const cache = store.cache[chunk]
      const last = Math.min(end, (chunk + 1) << VectorStore.chunkBits)
      for (; head < last && going; head++) {
        const slot = head & VectorStore.chunkMask
        const base = slot * width
        const ownEntries = slot * cacheWidth
        const ownLow = lows[slot]
        const ownHigh = highs[slot]
        let enabled = 0
        for (let t = 0; t < threads; t++) {
          const cached = cacheWidth === 0 ? 0 : cache[ownEntries + t]
          if (cached > 1) {
            // The list is known, and nothing in it is special.
            const list = offsets[cached >>> 1]
            table[list]++
            const count = table[list + LIST.count]
            enabled += count
            if ((cached & 1) !== 0) continue
            let entry = list + LIST.first
            for (const after = entry + count * LIST_ENTRY; entry < after; entry += LIST_ENTRY) {
              low[k] = ownLow ^ table[entry]
              high[k] = ownHigh ^ table[entry + 1]
              source[k] = head
              record[k++] = table[entry + 2]
            }
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
              roots = lists.roots
              nodes = lists.trees.nodes
              table = lists.lists
              offsets = lists.offsets
              if (node === UNKNOWN) {
                g = firstGroup[at] - 1
                continue
              }
            }
            const list = -node
            table[list]++
            const count = table[list + LIST.count]
            enabled += count
            if (cacheWidth !== 0 && lastGroup[at] - firstGroup[at] === 1)
              cache[ownEntries + t] = (table[list + LIST.number] << 1) | cached
            if (cached !== 0) continue
            let entry = list + LIST.first
            if (table[list + LIST.special] !== 0) {
              const { records } = this.#compiled
              for (let n = 0; n < count; n++, entry += LIST_ENTRY) {
                const transition = table[entry + 2]
                if ((records[transition + RECORD.violated] | records[transition + RECORD.fault]) !== 0)
                  sink.special(head, transition)
                if (records[transition + RECORD.fault] !== 0) continue
                low[k] = ownLow ^ table[entry]
                high[k] = ownHigh ^ table[entry + 1]
                source[k] = head
                record[k++] = transition
              }
            } else {
              for (const after = entry + count * LIST_ENTRY; entry < after; entry += LIST_ENTRY) {
                low[k] = ownLow ^ table[entry]
                high[k] = ownHigh ^ table[entry + 1]
                source[k] = head
                record[k++] = table[entry + 2]
              }
            }
          }
        }
        if (k >= Batch.capacity) {
          batch.count = k
          going = sink.flush(head) && going
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
}
