import type { Rows } from '../../state/batch.ts'
import { type Exchange, ROW } from './exchange.ts'

/** Rows given out at a time. */
const PORTION = 512

/** The rows that were sent to a worker in one round, merged by rank, in portions. */
export class MergedRows implements Rows {
  readonly data: Int32Array
  readonly offset = ROW.words
  /** Place of each row in `rows`, its sender, its low hash lane, and room for what became of it. */
  readonly at = new Int32Array(PORTION)
  readonly from = new Int32Array(PORTION)
  readonly low = new Int32Array(PORTION)
  readonly found = new Int32Array(PORTION)
  count = 0
  readonly #exchange: Exchange
  readonly #next: Int32Array
  readonly #end: Int32Array

  constructor(exchange: Exchange) {
    this.#exchange = exchange
    this.data = exchange.memory.rows
    this.#next = new Int32Array(exchange.memory.workers)
    this.#end = new Int32Array(exchange.memory.workers)
  }

  /** Starts with the mailboxes of the exchange's current round. */
  begin(): void {
    const { memory, parity, me } = this.#exchange
    for (let w = 0; w < memory.workers; w++) {
      this.#next[w] = this.#exchange.mailbox(parity, w, me)
      this.#end[w] = this.#next[w] + this.#exchange.rowCount(parity, w, me) * memory.stride
    }
  }

  /** Takes the next portion; false when there is none. Steps of one state stay in their order. */
  next(): boolean {
    const { rows, stride, workers } = this.#exchange.memory
    const next = this.#next
    const end = this.#end
    let k = 0
    while (k < PORTION) {
      let sender = -1
      let least = 0
      for (let w = 0; w < workers; w++) {
        if (next[w] === end[w]) continue
        const rank = rows[next[w] + ROW.rank]
        if (sender >= 0 && rank >= least) continue
        sender = w
        least = rank
      }
      if (sender < 0) break
      // A state's successors come from one sender, and one behind the other.
      const until = end[sender]
      let at = next[sender]
      do {
        this.at[k] = at
        this.from[k] = sender
        this.low[k++] = rows[at]
        at += stride
      } while (k < PORTION && at < until && rows[at + ROW.rank] === least)
      next[sender] = at
    }
    this.count = k
    return k > 0
  }
}
