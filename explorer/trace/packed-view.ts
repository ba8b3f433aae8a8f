import { ModelError } from '../../model/language/errors.ts'
import type { Cellstore } from '../../model/language/fields.ts'
import type { Counters, System } from '../../model/language/system.ts'

/**
 * A view of packed states that unpacks only what is read: a condition on a candidate reads a few of some hundred
 * fields.
 */
export class PackedView implements Cellstore {
  readonly world: never
  readonly at: Counters
  #words: Int32Array = new Int32Array(0)
  #base = 0
  readonly #word: Int32Array
  readonly #shift: Int32Array
  readonly #mask: Int32Array

  constructor(system: System) {
    const { fields } = system.layout
    this.#word = Int32Array.from(fields, (f) => f.word)
    this.#shift = Int32Array.from(fields, (f) => f.shift)
    this.#mask = Int32Array.from(fields, (f) => f.mask)
    const { world, at } = system.view(this)
    this.world = world
    this.at = at
  }

  /** Makes the view one of the packed state at `base`. */
  show(words: Int32Array, base: number): void {
    this.#words = words
    this.#base = base
  }

  read(field: number): number {
    return (this.#words[this.#base + this.#word[field]] >>> this.#shift[field]) & this.#mask[field]
  }

  write(): void {
    throw new ModelError('a condition on a log writes to the state')
  }
}
