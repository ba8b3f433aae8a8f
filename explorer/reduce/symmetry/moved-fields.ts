import type { Tabulation } from '../../state/tabulation.ts'
import { isSimple } from './slot-rows.ts'
import type { Placement, SymmetryGroup } from './symmetry-group.ts'

/**
 * The fields that permutations move or change, except those in `SlotRows`. Their values are ids, or they have several
 * indices, so what they contribute to the signature of an id depends on other ids. Flat arrays for the loops of
 * `CanonicalForm`; fields are numbered from 0 here.
 */
export class MovedFields {
  readonly count: number
  /** Hash lanes of the state that `move` works on. */
  low = 0
  high = 0
  /** The encoded values of the fields in the state given to `gather`. */
  readonly #encoded: Uint16Array
  readonly #word: Int32Array
  readonly #shift: Int32Array
  readonly #mask: Int32Array
  /** First slot of the sort whose ids are the values, or -1; and the encoded value of the first id. */
  readonly #valueBase: Int32Array
  readonly #firstIdValue: Int32Array
  /** Index of the field's first random word in the tabulation hash. */
  readonly #hashOffset: Int32Array
  readonly #hashLow: Int32Array
  readonly #hashHigh: Int32Array
  /** A random number per family of fields. */
  readonly #family: Int32Array
  /** `place[k]` and `stride[k]` for k from `placeStart[m]` belong to field m. */
  readonly #placeStart: Int32Array
  readonly #place: Int32Array
  readonly #stride: Int32Array
  /** The number of a field is `at[familyStart + sum of id * stride]` over its indices. */
  readonly #familyStart: Int32Array
  readonly #at: Int32Array
  /** By slot: the fields that are indexed by it. */
  readonly #indexedBy: readonly Int32Array[]
  /** By slot: the fields whose values are ids of its sort. */
  readonly #referringTo: readonly Int32Array[]
  readonly #ids: Uint8Array
  readonly #exchange: Uint8Array

  /** @param random a generator of random words for the signatures. */
  constructor(group: SymmetryGroup, hash: Tabulation, random: () => number) {
    const moved = group.moved().filter((p) => p.field.mask !== 0 && !isSimple(p))
    const pick = (of: (p: Placement) => number): Int32Array => Int32Array.from(moved, of)
    this.count = moved.length
    this.#encoded = new Uint16Array(moved.length)
    this.#hashLow = hash.low
    this.#hashHigh = hash.high
    this.#ids = Uint8Array.from({ length: group.slots }, (_, slot) => group.idOfSlot(slot))
    this.#exchange = this.#ids.slice()
    this.#word = pick((p) => p.field.word)
    this.#shift = pick((p) => p.field.shift)
    this.#mask = pick((p) => p.field.mask)
    this.#valueBase = pick((p) => p.valueBase)
    this.#firstIdValue = pick((p) => p.firstIdValue)
    this.#hashOffset = pick((p) => hash.offset[p.field.index])

    const scrambled = Array.from({ length: group.families }, random)
    this.#family = pick((p) => scrambled[p.family])

    const strides = (p: Placement): number[] => {
      const sizes = p.places.map((slot) => group.sorts[group.sortOfSlot(slot)].size)
      return sizes.map((_, k) => sizes.slice(k + 1).reduce((product, size) => product * size, 1))
    }
    this.#placeStart = new Int32Array(moved.length + 1)
    for (const [m, { places }] of moved.entries())
      this.#placeStart[m + 1] = this.#placeStart[m] + places.length
    this.#place = Int32Array.from(moved.flatMap((p) => p.places))
    this.#stride = Int32Array.from(moved.flatMap(strides))
    const startOf = new Map<number, number>()
    let addresses = 0
    for (const p of moved) {
      if (startOf.has(p.family)) continue
      startOf.set(p.family, addresses)
      addresses += moved.filter((other) => other.family === p.family).length
    }
    this.#familyStart = pick((p) => startOf.get(p.family) as number)
    this.#at = new Int32Array(addresses)
    for (let m = 0; m < moved.length; m++) {
      let address = this.#familyStart[m]
      for (let k = this.#placeStart[m]; k < this.#placeStart[m + 1]; k++)
        address += group.idOfSlot(this.#place[k]) * this.#stride[k]
      this.#at[address] = m
    }

    const numbersOf = (holds: (p: Placement) => boolean): Int32Array =>
      Int32Array.from(moved.flatMap((p, m) => (holds(p) ? [m] : [])))
    const slots = Array.from({ length: group.slots }, (_, slot) => slot)
    this.#indexedBy = slots.map((slot) => numbersOf((p) => p.places.includes(slot)))
    this.#referringTo = slots.map((slot) => numbersOf((p) => p.valueBase === slot - group.idOfSlot(slot)))
  }

  /** Reads the fields of the packed state at `base`. */
  gather(from: Int32Array, base: number): void {
    const encoded = this.#encoded
    const word = this.#word
    const shift = this.#shift
    const mask = this.#mask
    for (let m = 0; m < encoded.length; m++) encoded[m] = (from[base + word[m]] >>> shift[m]) & mask[m]
  }

  /** Adds to the signature of every slot the fields that refer to it; ids of one color have the same name here. */
  sign(signature: Int32Array, color: Int32Array): void {
    const encoded = this.#encoded
    const family = this.#family
    const valueBase = this.#valueBase
    const firstIdValue = this.#firstIdValue
    const placeStart = this.#placeStart
    const place = this.#place
    for (let m = 0; m < encoded.length; m++) {
      const value = encoded[m]
      const base = valueBase[m]
      const referred = base < 0 || value < firstIdValue[m] ? -1 : base + value - firstIdValue[m]
      if (referred < 0 && value === 0) continue
      const begin = placeStart[m]
      const end = placeStart[m + 1]
      let mix = Math.imul(family[m] ^ (referred < 0 ? value : color[referred] + 0x10000), 0x9e3779b1)
      mix ^= mix >>> 15
      for (let k = begin; k < end; k++) {
        mix = Math.imul(mix + color[place[k]], 0x85ebca6b)
        mix ^= mix >>> 13
        if (place[k] === referred) mix = Math.imul(mix ^ 0x27d4eb2f, 0xc2b2ae35)
        if (k > begin && place[k] === place[k - 1]) mix = Math.imul(mix ^ 0x165667b1, 0xc2b2ae35)
      }
      for (let k = begin; k < end; k++) {
        const part = Math.imul(mix + (k - begin + 1), 0xc2b2ae35)
        signature[place[k]] += part ^ (part >>> 16)
      }
      if (referred >= 0) {
        const part = Math.imul(mix ^ 0x3c6ef372, 0xc2b2ae35)
        signature[referred] += part ^ (part >>> 16)
      }
    }
  }

  /** Whether exchanging two slots of one sort changes none of the fields. */
  areAlike(a: number, b: number): boolean {
    const encoded = this.#encoded
    const at = this.#at
    const rank = this.#exchange
    const idA = this.#ids[a]
    const idB = this.#ids[b]
    rank.set(this.#ids)
    rank[a] = idB
    rank[b] = idA
    const indexed = this.#indexedBy[a]
    for (let n = 0; n < indexed.length; n++) {
      const m = indexed[n]
      if (this.#image(m, rank) !== encoded[at[this.#address(m, rank)]]) return false
    }
    // Fields indexed by one of the slots were just compared; of the others, only the values can differ.
    const referring = this.#referringTo[a]
    for (let n = 0; n < referring.length; n++) {
      const m = referring[n]
      const referred = encoded[m] - this.#firstIdValue[m]
      if ((referred === idA || referred === idB) && at[this.#address(m, rank)] === m) return false
    }
    return true
  }

  /**
   * Moves and renames the fields in a packed state that still has them as in `gather`, and adds the change of its
   * hash to `low` and `high`.
   * @param rank the id that each slot takes.
   */
  move(rank: Uint8Array, state: Int32Array): void {
    const encoded = this.#encoded
    for (let m = 0; m < encoded.length; m++) {
      const value = this.#image(m, rank)
      const to = this.#at[this.#address(m, rank)]
      const old = encoded[to]
      if (value === old) continue
      state[this.#word[to]] ^= (value ^ old) << this.#shift[to]
      const before = this.#hashOffset[to] + old
      const after = this.#hashOffset[to] + value
      this.low ^= this.#hashLow[before] ^ this.#hashLow[after]
      this.high ^= this.#hashHigh[before] ^ this.#hashHigh[after]
    }
  }

  /** The image of a field's value when every slot takes the id in `rank`. */
  #image(m: number, rank: Uint8Array): number {
    const value = this.#encoded[m]
    const base = this.#valueBase[m]
    const first = this.#firstIdValue[m]
    return base < 0 || value < first ? value : rank[base + value - first] + first
  }

  /** Index into `at` of the image of a field when every slot takes the id in `rank`. */
  #address(m: number, rank: Uint8Array): number {
    let at = this.#familyStart[m]
    const end = this.#placeStart[m + 1]
    for (let k = this.#placeStart[m]; k < end; k++) at += rank[this.#place[k]] * this.#stride[k]
    return at
  }
}
