import { MOST_ARRAY_BYTES } from '../../state/array-bounds.ts'
import { SIZES } from '../../state/sizes.ts'

/** Counts distinct states by 64-bit fingerprints in an open-addressing table. */
export class SeenStates {
  /** Distinct states so far. */
  count = 0
  /** Two lanes per slot; both zero means free. */
  #table = new Int32Array(2 * SIZES.slots)

  get bytes(): number {
    return this.#table.byteLength
  }

  /** Whether `more` states fit in a table of at most `mostBytes` bytes. */
  fits(more: number, mostBytes = MOST_ARRAY_BYTES): boolean {
    return (this.count + more) * 3 <= this.#table.length || this.#table.byteLength * 2 <= mostBytes
  }

  /** Adds a state. Returns true if it is new. */
  add(low: number, high: number): boolean {
    // Both lanes zero would look like a free slot.
    const first = low === 0 && high === 0 ? 1 : low
    const slot = this.#slotOf(this.#table, first, high)
    if (this.#table[slot] !== 0 || this.#table[slot + 1] !== 0) return false
    this.#table[slot] = first
    this.#table[slot + 1] = high
    if (++this.count * 3 > this.#table.length) this.#grow()
    return true
  }

  /** Index of a hash, or of the free slot for it. */
  #slotOf(table: Int32Array, low: number, high: number): number {
    const mask = table.length - 1
    let slot = (low << 1) & mask
    while ((table[slot] !== 0 || table[slot + 1] !== 0) && (table[slot] !== low || table[slot + 1] !== high))
      slot = (slot + 2) & mask
    return slot
  }

  #grow(): void {
    const table = new Int32Array(this.#table.length * 2)
    for (let from = 0; from < this.#table.length; from += 2) {
      if (this.#table[from] === 0 && this.#table[from + 1] === 0) continue
      const to = this.#slotOf(table, this.#table[from], this.#table[from + 1])
      table[to] = this.#table[from]
      table[to + 1] = this.#table[from + 1]
    }
    this.#table = table
  }
}
