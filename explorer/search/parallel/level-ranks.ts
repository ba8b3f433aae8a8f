import type { Exchange } from './exchange.ts'

/**
 * Ranks of the states of one level over all workers. A state's rank is its place in the order of (rank of the
 * state it was reached from, step): the order in which a search with one worker finds the states of the
 * level. It decides between equally short counterexamples, so that they are the same for any number of workers.
 */
export class LevelRanks {
  /** States of the level that all workers have found so far. */
  total = 0
  #ranks = new Int32Array(1 << 10)
  #count = 0

  /** The ranks of the own states; valid until the next `push`. */
  get array(): Int32Array {
    return this.#ranks
  }

  /** Rank of the own state number `index` of the level; own states have ascending ranks. */
  of(index: number): number {
    return this.#ranks[index]
  }

  /** How many own states have a rank. */
  get count(): number {
    return this.#count
  }

  push(rank: number): void {
    if (this.#count === this.#ranks.length) {
      const larger = new Int32Array(2 * this.#count)
      larger.set(this.#ranks)
      this.#ranks = larger
    }
    this.#ranks[this.#count++] = rank
  }

  clear(): void {
    this.total = 0
    this.#count = 0
  }

  /** Ranks the new states of one round, by the key lists that all workers made with this parity. */
  assign(exchange: Exchange, parity: number): void {
    const { workers, keys } = exchange.memory
    const own = exchange.keyList(parity, exchange.me)
    const ownCount = exchange.keyCount(parity, exchange.me)
    const before = new Int32Array(workers)
    for (let n = 0; n < ownCount; n++) {
      const rank = keys[own + 2 * n]
      const step = keys[own + 2 * n + 1]
      let place = this.total + n
      for (let w = 0; w < workers; w++) {
        if (w === exchange.me) continue
        const list = exchange.keyList(parity, w)
        const end = exchange.keyCount(parity, w)
        let at = before[w]
        while (at < end && precedes(keys[list + 2 * at], keys[list + 2 * at + 1], rank, step)) at++
        before[w] = at
        place += at
      }
      this.push(place)
    }
    for (let w = 0; w < workers; w++) this.total += exchange.keyCount(parity, w)
  }
}

const precedes = (rankA: number, stepA: number, rankB: number, stepB: number): boolean =>
  rankA < rankB || (rankA === rankB && stepA < stepB)
