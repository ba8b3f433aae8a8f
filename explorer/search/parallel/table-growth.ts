import type { SharedTable } from '../../state/shared-table.ts'
import type { ChunkExchange } from './chunk-exchange.ts'
import { fulfil, meet, type SharedMemory, WISH, wish, wishes } from './shared-memory.ts'

/** Room for new states in the table that all workers fill: one worker's part in making it larger. */
export class TableGrowth {
  readonly #memory: SharedMemory
  readonly #table: SharedTable
  readonly #neighbours: ChunkExchange
  readonly #me: number
  /** Most slots that all workers can take with a batch each. */
  readonly #margin: number

  /** @param batch most states that a worker inserts between two calls of `make`. */
  constructor(
    memory: SharedMemory,
    table: SharedTable,
    neighbours: ChunkExchange,
    me: number,
    batch: number,
  ) {
    this.#memory = memory
    this.#table = table
    this.#neighbours = neighbours
    this.#me = me
    this.#margin = memory.workers * batch
  }

  /** Makes sure that a batch of each worker fits. All workers come here before they insert. */
  make(): void {
    for (;;) {
      if (!this.#table.fits(this.#margin)) wish(this.#memory, WISH.growth)
      if ((wishes(this.#memory) & WISH.growth) === 0) return
      meet(this.#memory)
      this.grow()
    }
  }

  /** Makes the table larger. All workers have met because of that wish, so none of them is inserting. */
  grow(): void {
    const { workers } = this.#memory
    let next = this.#table.slots
    if (this.#me === 0) {
      next = this.#table.larger()
      this.#neighbours.shareSlots(next)
      fulfil(this.#memory, WISH.growth)
    }
    meet(this.#memory)
    if (this.#me !== 0) next = this.#neighbours.slotsFrom(0)
    const rest = this.#table.copyPart(next, this.#me, workers)
    meet(this.#memory)
    this.#table.copyRest(next, rest)
    meet(this.#memory)
    this.#table.adopt(next)
  }
}
