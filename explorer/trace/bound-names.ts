import { ModelError } from '../../model/language/errors.ts'
import { quoted } from '../../model/language/quoted.ts'

/** A name that is bound: to one id in all candidates, or to the id in a column of each. */
type Bound = { readonly id: number } | { readonly column: number }

/** Stands for "not bound" in a column. */
export const UNBOUND = -1

/**
 * The names of a log and what they are bound to. Where all candidates agree the id is kept once; where they do not, it
 * is part of each candidate, in a column behind its state.
 */
export class BoundNames {
  readonly #bound: Map<string, Bound>
  /** The candidate whose columns are looked at: its words, and where its columns begin. */
  #words: Int32Array = new Int32Array(0)
  #columns = 0
  /** Ids that are about to be bound in the candidate that is looked at. */
  readonly #pending = new Map<string, number>()

  constructor(bound: Iterable<readonly [string, Bound]> = []) {
    this.#bound = new Map(bound)
  }

  /** Names that are bound. */
  get names(): readonly string[] {
    return [...this.#bound.keys()]
  }

  /** How many columns a candidate has. */
  get width(): number {
    let width = 0
    for (const bound of this.#bound.values()) if ('column' in bound) width = Math.max(width, bound.column + 1)
    return width
  }

  copy(): BoundNames {
    return new BoundNames(this.#bound)
  }

  /** Makes `id` answer for the candidate whose columns begin at `columns`. */
  show(words: Int32Array, columns: number): void {
    this.#words = words
    this.#columns = columns
  }

  /** The id of a name in the candidate shown; undefined if it is not bound. */
  readonly id = (name: string): number | undefined => {
    if (this.#pending.size > 0) {
      const pending = this.#pending.get(name)
      if (pending !== undefined) return pending === UNBOUND ? undefined : pending
    }
    const bound = this.#bound.get(name)
    if (bound === undefined) return undefined
    if ('id' in bound) return bound.id
    const id = this.#words[this.#columns + bound.column]
    return id === UNBOUND ? undefined : id
  }

  /** Overrides a name until `settle`. @throws ModelError for anything but an id or null. */
  override(name: string, id: number | null): void {
    if (id !== null && !(Number.isInteger(id) && id >= 0))
      throw new ModelError(`the log binds ${quoted(name)} to ${quoted(String(id))}, which is no id`)
    this.#pending.set(name, id ?? UNBOUND)
  }

  settle(): void {
    this.#pending.clear()
  }

  /**
   * Binds names anew, given for each candidate the ids of all: those on which all agree are kept once.
   * @param ids by candidate; UNBOUND for a name that is not bound there.
   * @returns the columns that candidates have from now on, as indices into `names`.
   */
  rebind(names: readonly string[], ids: readonly (readonly number[])[]): number[] {
    this.#bound.clear()
    const columns: number[] = []
    names.forEach((name, n) => {
      const first = ids[0][n]
      if (ids.every((row) => row[n] === first)) {
        if (first !== UNBOUND) this.#bound.set(name, { id: first })
      } else this.#bound.set(name, { column: columns.push(n) - 1 })
    })
    return columns
  }
}
