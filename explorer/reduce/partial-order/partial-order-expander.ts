import type { SuccessorLists } from '../../compile/successor-lists.ts'
import { RECORD } from '../../compile/transition-record.ts'
import type { ExpansionSink } from '../../search/expander.ts'
import { Batch } from '../../state/batch.ts'
import { VectorStore } from '../../state/vector-store.ts'
import { type LookAhead, NONE } from './look-ahead.ts'
import type { PathCompression } from './path-compression.ts'

/**
 * Expands states by a singleton persistent set where there is one, otherwise in full.
 *
 * The reduced expansion is used only if one of its successors is not expanded yet. The omitted steps are still
 * enabled there, and they cannot be postponed forever, because states are expanded in the order of their numbers
 * (the queue proviso of Bosnacki, Leue and Lluch Lafuente 2009). To know this, the batch of every state is looked up
 * at once.
 */
export class PartialOrderExpander {
  readonly lists: SuccessorLists
  readonly batch: Batch
  /** Steps taken so far, those from skipped states and those that fault included. */
  transitions = 0
  readonly #store: VectorStore
  readonly #look: LookAhead
  readonly #compression: PathCompression
  readonly #tally: { reduced: number }
  readonly #enabled: Int32Array
  #going = true

  constructor(
    lists: SuccessorLists,
    store: VectorStore,
    look: LookAhead,
    compression: PathCompression,
    tally: { reduced: number },
  ) {
    const { steps } = lists.compiled
    this.lists = lists
    this.#store = store
    this.#look = look
    this.#compression = compression
    this.#tally = tally
    this.batch = new Batch(steps.length)
    this.#enabled = new Int32Array(steps.length)
  }

  /** As `Expander.expand`. */
  expand(from: number, end: number, sink: ExpansionSink): number {
    const { chunks, tags, words } = this.#store
    const look = this.#look
    this.#going = true
    let head = from
    for (; head < end && this.#going; head++) {
      const chunk = head >>> VectorStore.chunkBits
      const slot = head & VectorStore.chunkMask
      const base = slot * words
      const thread = look.choose(chunks[chunk], base, tags[chunk][slot])
      let enabled = 0
      if (thread !== NONE) {
        enabled = look.moveCount
        const isAll = look.enabledCount === enabled
        for (let n = 0; n < enabled; n++) this.#add(look.moves[n], head, sink)
        if (this.#findsUnexpanded(head, sink)) {
          if (!isAll) this.#tally.reduced++
          this.transitions += enabled
          continue
        }
      }
      for (let t = 0; t < this.lists.compiled.system.threads.length; t++) {
        if (t === thread) continue
        const count = this.lists.enabledTransitions(t, chunks[chunk], base, this.#enabled, 0)
        for (let n = 0; n < count; n++) this.#add(this.#enabled[n], head, sink)
        enabled += count
      }
      this.#flush(head, sink)
      this.transitions += enabled
      if (enabled === 0) sink.terminal(head, chunks[chunk], base)
    }
    return head
  }

  #flush(head: number, sink: ExpansionSink): void {
    const before = this.#compression.skipped
    this.#going = sink.flush(head) && this.#going
    this.transitions += this.#compression.skipped - before
  }

  /** Looks up the batch. Returns whether one of the states found is not expanded yet. */
  #findsUnexpanded(head: number, sink: ExpansionSink): boolean {
    const { found, count } = this.batch
    this.#flush(head, sink)
    for (let k = 0; k < count; k++) if ((found[k] < 0 ? ~found[k] : found[k]) > head) return true
    return false
  }

  #add(transition: number, head: number, sink: ExpansionSink): void {
    const { batch } = this
    const { records } = this.lists.compiled
    records[transition + RECORD.fired]++
    if ((records[transition + RECORD.violated] | records[transition + RECORD.fault]) !== 0)
      sink.special(head, transition)
    if (records[transition + RECORD.fault] !== 0) return
    const chunk = head >>> VectorStore.chunkBits
    const slot = head & VectorStore.chunkMask
    const k = batch.count++
    batch.low[k] = this.#store.lows[chunk][slot] ^ records[transition + RECORD.hashLow]
    batch.high[k] = this.#store.highs[chunk][slot] ^ records[transition + RECORD.hashHigh]
    batch.source[k] = head
    batch.record[k] = transition
  }
}
