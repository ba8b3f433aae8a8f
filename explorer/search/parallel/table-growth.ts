import type { SharedTable } from '../../state/shared-table.ts'
import type { ChunkExchange } from './chunk-exchange.ts'
import { barrier, clearRequest, REQUEST, request, requests, type SharedMemory } from './shared-memory.ts'

/** One worker's part in enlarging the table of visited states, which all workers share. */
export class TableGrowth {
  readonly #memory: SharedMemory
  readonly #table: SharedTable
  readonly #exchange: ChunkExchange
  readonly #me: number
  /** Most slots that all workers can fill with a batch each. */
  readonly #margin: number

  /** @param batch most states that a worker inserts between two calls of `ensureRoom`. */
  constructor(memory: SharedMemory, table: SharedTable, exchange: ChunkExchange, me: number, batch: number) {
    this.#memory = memory
    this.#table = table
    this.#exchange = exchange
    this.#me = me
    this.#margin = memory.workers * batch
  }

  /** Makes sure that a batch of each worker fits. All workers call this before they insert. */
  ensureRoom(): void {
    for (;;) {
      if (!this.#table.fits(this.#margin)) request(this.#memory, REQUEST.growth)
      if ((requests(this.#memory) & REQUEST.growth) === 0) return
      barrier(this.#memory)
      this.grow()
    }
  }

  /** Enlarges the table. All workers are here after a barrier with this request, so none of them is inserting. */
  grow(): void {
    const { workers } = this.#memory
    let next = this.#table.slots
    if (this.#me === 0) {
      next = this.#table.larger()
      this.#exchange.shareSlots(next)
      clearRequest(this.#memory, REQUEST.growth)
    }
    barrier(this.#memory)
    if (this.#me !== 0) next = this.#exchange.slotsFrom(0)
    const rest = this.#table.copyPart(next, this.#me, workers)
    barrier(this.#memory)
    this.#table.copyRest(next, rest)
    barrier(this.#memory)
    this.#table.adopt(next)
  }
}
