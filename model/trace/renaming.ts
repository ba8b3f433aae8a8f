/**
 * Small ids for the numbers of a log. An id that is given back is used again only when it is the one that has been free
 * for longest, so that references to something that is gone stay visible as long as possible.
 */
export class Renaming {
  readonly #ids = new Map<number, number>()
  readonly #free: number[]
  /** How many ids there are. */
  readonly size: number

  /** @param order the order in which ids are handed out first; default 0, 1, 2. */
  constructor(size: number, order: readonly number[] = Array.from({ length: size }, (_, i) => i)) {
    this.size = size
    this.#free = [...order]
  }

  /** The id of a number, if it has one. */
  get(number: number): number | null {
    return this.#ids.get(number) ?? null
  }

  /** The id of a number, a new one if it has none; null if all are in use. */
  idOf(number: number): number | null {
    const known = this.#ids.get(number)
    if (known !== undefined) return known
    const id = this.#free.shift()
    if (id === undefined) return null
    this.#ids.set(number, id)
    return id
  }

  /** Gives the id of a number back. */
  release(number: number): void {
    const id = this.#ids.get(number)
    if (id === undefined) return
    this.#ids.delete(number)
    this.#free.push(id)
  }

  /** Lets another number have the id of one. */
  rename(from: number, to: number): void {
    const id = this.#ids.get(from)
    if (id === undefined) return
    this.#ids.delete(from)
    this.#ids.set(to, id)
  }

  /** The numbers that have ids. */
  numbers(): Iterable<number> {
    return this.#ids.keys()
  }
}
