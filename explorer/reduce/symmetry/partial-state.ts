import type { Permutation, SymmetryGroup } from './symmetry-group.ts'

/** A unit under test (a family of steps, or a predicate) with the values of the fields that it depends on. */
export interface PartialState {
  readonly unit: number
  readonly fields: readonly number[]
  /** Encoded values by field; only those of `fields` matter. */
  readonly encoded: Uint16Array
}

/** How units are renamed. */
export interface UnitNames {
  /** The image of a unit. */
  image(unit: number, permutation: Permutation): number
  /** Slots of the ids in the name of a unit, such as the thread's. */
  slotsOf(unit: number): readonly number[]
}

/** The image of a partial state, indexed by field. Reused, so that nothing is allocated per renaming. */
export class RenamedPartialState {
  unit = 0
  readonly encoded: Uint16Array
  /** Fields of the image have the mark `mark`; others have an older one, so that nothing need be cleared. */
  readonly marks: Int32Array
  mark = 0
  readonly #group: SymmetryGroup
  readonly #names: UnitNames

  constructor(group: SymmetryGroup, names: UnitNames) {
    this.#group = group
    this.#names = names
    this.encoded = new Uint16Array(group.placements.length)
    this.marks = new Int32Array(group.placements.length)
  }

  /** Becomes the image of a partial state. */
  set({ unit, fields, encoded }: PartialState, permutation: Permutation): void {
    const group = this.#group
    const mark = ++this.mark
    this.unit = this.#names.image(unit, permutation)
    for (let n = 0; n < fields.length; n++) {
      const field = fields[n]
      const to = group.imageOfField(field, permutation)
      this.encoded[to] = group.imageOfValue(field, encoded[field], permutation)
      this.marks[to] = mark
    }
  }

  has(field: number): boolean {
    return this.marks[field] === this.mark
  }

  /** Whether the image of a partial state with the same number of fields is this one. */
  equals({ unit, fields, encoded }: PartialState, permutation: Permutation): boolean {
    const group = this.#group
    if (this.#names.image(unit, permutation) !== this.unit) return false
    for (let n = 0; n < fields.length; n++) {
      const field = fields[n]
      const to = group.imageOfField(field, permutation)
      if (!this.has(to) || this.encoded[to] !== group.imageOfValue(field, encoded[field], permutation))
        return false
    }
    return true
  }
}

/**
 * Renames partial states so that most renamings of the same partial state become equal. An approximation of a
 * canonical form, which is enough for a cache: ids that differ only in what refers to them may get either name.
 */
export class CommonNames {
  /** The renaming of the latest `keyOf`. */
  readonly permutation: Permutation
  readonly #group: SymmetryGroup
  readonly #names: UnitNames
  readonly #signature: Int32Array
  readonly #order: Uint8Array
  #pairs = new Uint32Array(16)

  constructor(group: SymmetryGroup, names: UnitNames) {
    this.#group = group
    this.#names = names
    this.permutation = group.identity()
    this.#signature = new Int32Array(group.slots)
    this.#order = group.identity()
  }

  /** Renames a partial state. Returns a key of the result: equal keys mean equal partial states. */
  keyOf(partial: PartialState): string {
    this.#sign(partial)
    this.#sort()
    return this.#keyOfRenamed(partial)
  }

  /** Computes a signature of each slot from the values that refer to its id, ignoring the names of other ids. */
  #sign({ unit, fields, encoded }: PartialState): void {
    const { placements } = this.#group
    const signature = this.#signature.fill(0)
    for (const slot of this.#names.slotsOf(unit)) signature[slot] = 0x2545f491
    for (const field of fields) {
      const { family, places, valueBase, firstIdValue } = placements[field]
      const value = encoded[field]
      const referred = valueBase < 0 || value < firstIdValue ? -1 : valueBase + value - firstIdValue
      const own = Math.imul(family + 1, 0x9e3779b1) ^ Math.imul(referred < 0 ? value + 1 : -1, 0x85ebca6b)
      for (let k = 0; k < places.length; k++)
        signature[places[k]] += scrambled(own + k + (places[k] === referred ? 7919 : 0))
      if (referred >= 0) signature[referred] += scrambled(own - 1)
    }
  }

  /** Orders the ids of each sort by their signatures. */
  #sort(): void {
    const { sorts, bases } = this.#group
    const signature = this.#signature
    const order = this.#order
    for (let n = 0; n < sorts.length; n++) {
      const last = bases[n] + sorts[n].size
      for (let slot = bases[n]; slot < last; slot++) {
        let to = slot
        for (; to > bases[n] && signature[order[to - 1]] > signature[slot]; to--) order[to] = order[to - 1]
        order[to] = slot
      }
      for (let at = bases[n]; at < last; at++) this.permutation[order[at]] = at
    }
  }

  #keyOfRenamed({ unit, fields, encoded }: PartialState): string {
    const group = this.#group
    const { permutation } = this
    const count = fields.length
    if (this.#pairs.length < count) this.#pairs = new Uint32Array(2 * count)
    const pairs = this.#pairs
    for (let n = 0; n < count; n++) {
      const field = fields[n]
      const value = group.imageOfValue(field, encoded[field], permutation)
      const pair = group.imageOfField(field, permutation) * 0x10000 + value
      let to = n
      for (; to > 0 && pairs[to - 1] > pair; to--) pairs[to] = pairs[to - 1]
      pairs[to] = pair
    }
    let key = String.fromCharCode(this.#names.image(unit, permutation))
    for (let n = 0; n < count; n++) key += String.fromCharCode(pairs[n] >>> 16, pairs[n] & 0xffff)
    return key
  }
}

function scrambled(n: number): number {
  const mixed = Math.imul(n ^ (n >>> 15), 0x2c1b3c6d)
  return mixed ^ (mixed >>> 13)
}
