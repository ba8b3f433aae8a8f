import { UNKNOWN } from '../compile/behaviours.ts'
import type { CompiledSystem } from '../compile/compiled-system.ts'
import { LEAF } from '../compile/record-format.ts'
import { LIST, LIST_ENTRY, SuccessorLists } from '../compile/successor-lists.ts'
import type { ExpansionSink } from '../search/expander.ts'
import { Batch } from '../state/batch.ts'
import { VectorStore } from '../state/vector-store.ts'
import type { PartialOrder } from './partial-order.ts'

/**
 * Expands states by the steps of a persistent set of threads where that is enough, else by all steps.
 *
 * It is enough when one of the successors found is still to be expanded: the steps left out are then possible
 * there as well, and cannot be put off for ever because states are expanded in the order of their numbers
 * (the queue proviso of Bosnacki, Leue and Lluch Lafuente 2009). So each such state is looked up at once.
 */
export class PartialOrderExpander {
  readonly lists: SuccessorLists
  readonly batch: Batch
  /** Steps taken so far, those that fault included. */
  transitions = 0
  readonly #compiled: CompiledSystem
  readonly #store: VectorStore
  readonly #order: PartialOrder
  #going = true

  constructor(compiled: CompiledSystem, store: VectorStore, order: PartialOrder) {
    this.#compiled = compiled
    this.#store = store
    this.#order = order
    this.lists = new SuccessorLists(compiled)
    this.batch = new Batch(compiled.steps.length)
  }

  /** As `Expander.expand`. */
  expand(from: number, end: number, sink: ExpansionSink): number {
    const store = this.#store
    const threads = this.#compiled.system.threads.length
    const all = 2 ** threads - 1
    this.#going = true
    let head = from
    for (; head < end && this.#going; head++) {
      const words = store.chunks[head >>> VectorStore.chunkBits]
      const base = (head & VectorStore.chunkMask) * store.words
      let taken = 0
      let enabled = 0
      let isEnough = false
      for (const mask of this.#order.choose(words, base)) {
        if (this.batch.count > 0) this.#flush(head, sink)
        enabled = this.#expandThreads(mask & ~taken, head, words, base, sink)
        taken |= mask
        if (enabled === 0) continue
        const found = this.batch.count
        this.#flush(head, sink)
        isEnough = this.#leadsOn(head, found)
        break
      }
      if (isEnough) this.#order.reduced++
      else enabled += this.#expandThreads(all & ~taken, head, words, base, sink)
      if (this.batch.count >= Batch.capacity) this.#flush(head, sink)
      this.transitions += enabled
      if (enabled === 0) sink.stuck(head, words, base)
    }
    return head
  }

  #flush(head: number, sink: ExpansionSink): void {
    this.#going = sink.flush(head) && this.#going
  }

  /** True when one of the first `count` successors of the last batch is yet to be expanded. */
  #leadsOn(head: number, count: number): boolean {
    const { found } = this.batch
    for (let k = 0; k < count; k++) if ((found[k] < 0 ? ~found[k] : found[k]) > head) return true
    return false
  }

  /** Adds the successors by the threads in the mask to the batch. Returns how many steps are enabled. */
  #expandThreads(mask: number, head: number, words: Int32Array, base: number, sink: ExpansionSink): number {
    const { dispatch, system } = this.#compiled
    const { threads } = system
    let enabled = 0
    for (let t = 0; t < threads.length; t++) {
      if (((mask >>> t) & 1) === 0) continue
      const { word, shift, mask: bits } = threads[t].counter
      const at = dispatch[t] + ((words[base + word] >>> shift) & bits)
      for (let g = this.lists.firstGroup[at]; g < this.lists.lastGroup[at]; g++) {
        let node = this.lists.trees.find(this.lists.roots[g], words, base)
        if (node === UNKNOWN) node = this.lists.resolve(g, words, base)
        if (node === UNKNOWN) {
          // The group was split: begin again with the groups of the program counter as they are now.
          g = this.lists.firstGroup[at] - 1
          continue
        }
        enabled += this.#addList(-node, head, sink)
      }
    }
    return enabled
  }

  #addList(list: number, head: number, sink: ExpansionSink): number {
    const { batch } = this
    const { leaves } = this.#compiled
    const table = this.lists.lists
    const slot = head & VectorStore.chunkMask
    const low = this.#store.lows[head >>> VectorStore.chunkBits][slot]
    const high = this.#store.highs[head >>> VectorStore.chunkBits][slot]
    table[list]++
    const count = table[list + LIST.count]
    let entry = list + LIST.first
    for (let n = 0; n < count; n++, entry += LIST_ENTRY) {
      const behaviour = table[entry + 2]
      if ((leaves[behaviour + LEAF.violated] | leaves[behaviour + LEAF.fault]) !== 0)
        sink.special(head, behaviour)
      if (leaves[behaviour + LEAF.fault] !== 0) continue
      const k = batch.count++
      batch.low[k] = low ^ table[entry]
      batch.high[k] = high ^ table[entry + 1]
      batch.source[k] = head
      batch.leaf[k] = behaviour
    }
    return count
  }
}
