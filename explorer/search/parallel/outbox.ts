import { LEAF } from '../../compile/record-format.ts'
import type { Batch } from '../../state/batch.ts'
import { VectorStore } from '../../state/vector-store.ts'
import type { StorageOptions } from '../../state/visited-set.ts'
import type { Inheritance } from '../inheritance.ts'
import { type Exchange, ROW } from './exchange.ts'

const { chunkBits, chunkMask } = VectorStore

/** Fingerprints that are remembered as sent, less one. */
const RECENT_MASK = (1 << 13) - 1

/** Whose a state is: the high hash lane decides, because the low one decides the place in the owner's table. */
export const ownerOf = (high: number, workers: number): number => ((high >>> 16) * workers) >>> 16

/** Sends successors to their owners, the own ones too. */
export class Outbox {
  readonly #exchange: Exchange
  readonly #store: VectorStore
  /** Where the next row to each worker goes. */
  readonly #end: Int32Array
  /**
   * Fingerprints sent lately, `[low, high]` by their lowest bits; null unless all that is kept of a state are
   * these 64 bits, because otherwise equal fingerprints are no proof of equal states.
   */
  readonly #recent: Int32Array | null
  readonly #inheritance: Inheritance | null
  /** Which of a batch are sent, which of them to others, and which threads sleep in the latter. */
  readonly #kept: Int32Array
  readonly #away: Int32Array
  readonly #asleep: Int32Array

  /** @param inheritance null when nobody sleeps. @param room most successors in a batch. */
  constructor(
    exchange: Exchange,
    store: VectorStore,
    inheritance: Inheritance | null,
    room: number,
    { storage, fingerprintBits = 64 }: StorageOptions,
  ) {
    this.#exchange = exchange
    this.#store = store
    this.#inheritance = inheritance
    this.#kept = new Int32Array(room)
    this.#away = new Int32Array(room)
    this.#asleep = new Int32Array(room)
    this.#end = new Int32Array(exchange.memory.workers)
    const forgetful = storage === 'fingerprint' && fingerprintBits === 64
    this.#recent = forgetful ? new Int32Array(2 * (RECENT_MASK + 1)) : null
  }

  /** Starts a round, with empty mailboxes. */
  begin(): void {
    const { parity, me } = this.#exchange
    for (let to = 0; to < this.#end.length; to++) this.#end[to] = this.#exchange.mailbox(parity, me, to)
  }

  /** Says how many rows the mailboxes of the round hold. */
  close(): void {
    const { parity, me, memory } = this.#exchange
    this.#end.forEach((end, to) => {
      this.#exchange.setRowCount(to, (end - this.#exchange.mailbox(parity, me, to)) / memory.stride)
    })
  }

  /**
   * Empties a batch.
   * @param ranks of the states of the level, from number `levelStart` on.
   */
  send(batch: Batch, leaves: Int32Array, ranks: Int32Array, levelStart: number): void {
    const { workers, stride, rows } = this.#exchange.memory
    const { chunks, words } = this.#store
    const { low, high, source, leaf, count } = batch
    const end = this.#end
    const recent = this.#recent
    const kept = this.#kept
    const away = this.#away
    const { me } = this.#exchange
    let going = 0
    let leaving = 0
    for (let k = 0; k < count; k++) {
      const lo = low[k]
      const hi = high[k]
      // What was sent before, its owner knows. (0, 0) is what the empty list of fingerprints is full of.
      if (recent !== null && (lo | hi) !== 0) {
        const place = (lo & RECENT_MASK) << 1
        if (recent[place] === lo && recent[place + 1] === hi) continue
        recent[place] = lo
        recent[place + 1] = hi
      }
      kept[going++] = k
      away[leaving] = k
      leaving += ownerOf(hi, workers) === me ? 0 : 1
    }
    const asleep = this.#asleep
    this.#inheritance?.sleepers(batch, away, leaving, asleep)
    for (let n = 0; n < going; n++) {
      const k = kept[n]
      const hi = high[k]
      const to = ownerOf(hi, workers)
      const at = end[to]
      end[to] = at + stride
      const state = source[k]
      const behaviour = leaf[k]
      rows[at] = low[k]
      rows[at + ROW.hashHigh] = hi
      rows[at + ROW.rank] = ranks[state - levelStart]
      rows[at + ROW.source] = state
      rows[at + ROW.step] = leaves[behaviour + LEAF.step]
      rows[at + ROW.leaf] = behaviour
      rows[at + ROW.asleep] = asleep[k]
      const from = chunks[state >>> chunkBits]
      const base = (state & chunkMask) * words
      const change = behaviour - words
      for (let w = 0; w < words; w++) rows[at + ROW.words + w] = from[base + w] ^ leaves[change + w]
    }
    batch.count = 0
  }
}
