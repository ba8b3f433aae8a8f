import type { Layout } from '../../model/language/layout.ts'
import type { Tabulation } from '../state/tabulation.ts'
import { OrderedPartition } from './ordered-partition.ts'
import type { Permutation, SymmetryGroup } from './symmetry-group.ts'

/**
 * Exact canonical states: one representative for all states that a permutation of interchangeable ids turns
 * into each other.
 *
 * Ids are told apart by signatures of what refers to them, refined until nothing splits (colour refinement).
 * What is still tied is either exchangeable without any change to the state, and then any order will do, or
 * is tried in every order, and the least vector wins (individualisation and refinement, McKay 1981).
 * Signatures are functions of the state up to renaming, so states of one orbit get one form; a clash of two
 * signatures costs a tie, never a wrong form. `canonicalise` allocates nothing.
 */
export class CanonicalForm {
  /** The canonical state, packed. */
  readonly words: Int32Array
  /** Hash lanes of the canonical state. */
  low = 0
  high = 0
  /** A permutation that turns the given state into the canonical one. */
  readonly permutation: Permutation
  /** How many permutations leave the given state as it is. */
  stabiliser = 1
  readonly #partition: OrderedPartition
  readonly #signature: Int32Array
  /** Id of each slot, and the id it takes in the order that is being tried. */
  readonly #ids: Uint8Array
  readonly #rank: Uint8Array
  readonly #candidate: Int32Array
  #candidateLow = 0
  #candidateHigh = 0
  /** Number of orders of the ids that give `words`; 0 before the first candidate. */
  #attained = 0
  #from: Int32Array
  #base = 0
  #fromLow = 0
  #fromHigh = 0
  /** What follows is by number of the moved field. */
  readonly #codes: Uint16Array
  readonly #word: Int32Array
  readonly #shift: Int32Array
  readonly #mask: Int32Array
  readonly #family: Int32Array
  readonly #valueBase: Int32Array
  readonly #firstCode: Int32Array
  readonly #hashOffset: Int32Array
  /** `#place[k]` and `#stride[k]` for k from `#placeStart[m]` belong to moved field m. */
  readonly #placeStart: Int32Array
  readonly #place: Int32Array
  readonly #stride: Int32Array
  readonly #familyStart: Int32Array
  /** Moved field at an address within the families. */
  readonly #movedAt: Int32Array
  /** Moved fields with the slot among their places, by slot. */
  readonly #indexed: readonly Int32Array[]
  /** Moved fields whose values are ids of the slot's sort, by slot. */
  readonly #referring: readonly Int32Array[]
  readonly #hashLow: Int32Array
  readonly #hashHigh: Int32Array

  constructor(group: SymmetryGroup, layout: Layout, hash: Tabulation) {
    const moved = group.moved()
    const pick = (of: (p: (typeof moved)[number]) => number): Int32Array => Int32Array.from(moved, of)
    this.#partition = new OrderedPartition(group)
    this.#signature = new Int32Array(group.slots)
    this.#rank = new Uint8Array(group.slots)
    this.permutation = group.identity()
    this.words = new Int32Array(layout.words)
    this.#candidate = new Int32Array(layout.words)
    this.#from = this.words
    this.#codes = new Uint16Array(moved.length)
    this.#word = pick((p) => p.field.word)
    this.#shift = pick((p) => p.field.shift)
    this.#mask = pick((p) => p.field.mask)
    this.#family = pick((p) => scramble(p.family + 1))
    this.#valueBase = pick((p) => p.valueBase)
    this.#firstCode = pick((p) => p.firstCode)
    this.#hashOffset = pick((p) => hash.offset[p.field.index])
    this.#hashLow = hash.low
    this.#hashHigh = hash.high

    const sizeOf = (slot: number): number => group.sorts[group.sortOfSlot(slot)].size
    this.#placeStart = new Int32Array(moved.length + 1)
    const place: number[] = []
    const stride: number[] = []
    const familyStart: number[] = []
    let addresses = 0
    const startOf = new Map<number, number>()
    moved.forEach(({ family, places }, m) => {
      let size = 1
      const strides = places.map(() => 1)
      for (let k = places.length - 1; k >= 0; k--) {
        strides[k] = size
        size *= sizeOf(places[k])
      }
      place.push(...places)
      stride.push(...strides)
      this.#placeStart[m + 1] = place.length
      if (!startOf.has(family)) {
        startOf.set(family, addresses)
        addresses += size
      }
      familyStart.push(startOf.get(family) as number)
    })
    this.#place = Int32Array.from(place)
    this.#stride = Int32Array.from(stride)
    this.#familyStart = Int32Array.from(familyStart)
    this.#movedAt = new Int32Array(addresses)
    this.#ids = Uint8Array.from({ length: group.slots }, (_, slot) => group.idOfSlot(slot))
    this.#rank.set(this.#ids)
    for (let m = 0; m < moved.length; m++) this.#movedAt[this.#address(m)] = m

    const slots = Array.from({ length: group.slots }, (_, slot) => slot)
    const numbered = moved.map((p, m) => ({ ...p, m }))
    this.#indexed = slots.map((slot) =>
      Int32Array.from(
        numbered.filter((p) => p.places.includes(slot)),
        (p) => p.m,
      ),
    )
    this.#referring = slots.map((slot) =>
      Int32Array.from(
        numbered.filter((p) => p.valueBase === slot - group.idOfSlot(slot)),
        (p) => p.m,
      ),
    )
  }

  /** Finds the canonical form of the packed state at `base` with the given hash lanes. */
  canonicalise(from: Int32Array, base: number, low: number, high: number): void {
    this.#from = from
    this.#base = base
    this.#fromLow = low
    this.#fromHigh = high
    this.#attained = 0
    const codes = this.#codes
    for (let m = 0; m < codes.length; m++) {
      codes[m] = (from[base + this.#word[m]] >>> this.#shift[m]) & this.#mask[m]
    }
    const partition = this.#partition
    partition.reset()
    this.#sign()
    partition.split(this.#signature)
    if (partition.discrete) this.#try(1)
    else this.#search(0)
    this.stabiliser = this.#attained
  }

  /** Tries the orders that the partition leaves open; its classes are as fine as one round makes them. */
  #search(depth: number): void {
    const partition = this.#partition
    let open = this.#openClass()
    while (open >= 0) {
      this.#sign()
      if (!partition.split(this.#signature)) break
      open = this.#openClass()
    }
    if (open < 0) {
      this.#try(this.#freedom())
      return
    }
    const end = partition.endOf(open)
    partition.save(depth)
    for (let at = open; at < end; at++) {
      partition.restore(depth)
      partition.individualise(open, at)
      this.#sign()
      partition.split(this.#signature)
      this.#search(depth + 1)
    }
  }

  /** Where the first class begins whose members are not exchangeable as the state is; -1 if there is none. */
  #openClass(): number {
    const { order } = this.#partition
    for (let begin = 0; begin < order.length; ) {
      const end = this.#partition.endOf(begin)
      for (let at = begin + 1; at < end; at++) if (!this.#exchangeable(order[at - 1], order[at])) return begin
      begin = end
    }
    return -1
  }

  /** Number of orders that the classes leave open. */
  #freedom(): number {
    let orders = 1
    for (let begin = 0; begin < this.#partition.order.length; ) {
      const end = this.#partition.endOf(begin)
      for (let n = 2; n <= end - begin; n++) orders *= n
      begin = end
    }
    return orders
  }

  /** True when exchanging two slots of one sort leaves the state as it is. */
  #exchangeable(a: number, b: number): boolean {
    const rank = this.#rank
    const codes = this.#codes
    rank.set(this.#ids)
    const idA = rank[a]
    const idB = rank[b]
    rank[a] = idB
    rank[b] = idA
    const indexed = this.#indexed[a]
    for (let n = 0; n < indexed.length; n++) {
      const m = indexed[n]
      if (this.#image(m) !== codes[this.#movedAt[this.#address(m)]]) return false
    }
    // Only what is at a place of neither has to be looked at for its value; the rest was just compared.
    const referring = this.#referring[a]
    for (let n = 0; n < referring.length; n++) {
      const m = referring[n]
      const value = codes[m] - this.#firstCode[m]
      if ((value === idA || value === idB) && this.#movedAt[this.#address(m)] === m) return false
    }
    return true
  }

  /** Writes a signature of every slot: what refers to it, up to the names of ids of one class. */
  #sign(): void {
    const signature = this.#signature
    const { color } = this.#partition
    const codes = this.#codes
    const place = this.#place
    signature.fill(0)
    for (let m = 0; m < codes.length; m++) {
      const code = codes[m]
      const base = this.#valueBase[m]
      const value = base < 0 || code < this.#firstCode[m] ? -1 : base + code - this.#firstCode[m]
      if (value < 0 && code === 0) continue
      const begin = this.#placeStart[m]
      const end = this.#placeStart[m + 1]
      let mix = Math.imul(this.#family[m] ^ (value < 0 ? code : color[value] + 0x10000), 0x9e3779b1)
      mix ^= mix >>> 15
      for (let k = begin; k < end; k++) {
        mix = Math.imul(mix + color[place[k]], 0x85ebca6b)
        mix ^= mix >>> 13
        if (place[k] === value) mix = Math.imul(mix ^ 0x27d4eb2f, 0xc2b2ae35)
        if (k > begin && place[k] === place[k - 1]) mix = Math.imul(mix ^ 0x165667b1, 0xc2b2ae35)
      }
      for (let k = begin; k < end; k++) {
        const part = Math.imul(mix + (k - begin + 1), 0xc2b2ae35)
        signature[place[k]] += part ^ (part >>> 16)
      }
      if (value >= 0) {
        const part = Math.imul(mix ^ 0x3c6ef372, 0xc2b2ae35)
        signature[value] += part ^ (part >>> 16)
      }
    }
  }

  /** Builds the state that the present order of the ids gives, and keeps it if it is the least so far. */
  #try(weight: number): void {
    const { order } = this.#partition
    const rank = this.#rank
    for (let at = 0; at < order.length; at++) rank[order[at]] = this.#ids[at]
    this.#build()
    const candidate = this.#candidate
    const { words } = this
    let sign = this.#attained === 0 ? -1 : 0
    for (let w = 0; sign === 0 && w < words.length; w++) sign = candidate[w] - words[w]
    if (sign > 0) return
    if (sign === 0) {
      this.#attained += weight
      return
    }
    this.#attained = weight
    this.low = this.#candidateLow
    this.high = this.#candidateHigh
    for (let w = 0; w < words.length; w++) words[w] = candidate[w]
    for (let at = 0; at < order.length; at++) this.permutation[order[at]] = at
  }

  #build(): void {
    const candidate = this.#candidate
    const codes = this.#codes
    const from = this.#from
    const base = this.#base
    let low = this.#fromLow
    let high = this.#fromHigh
    for (let w = 0; w < candidate.length; w++) candidate[w] = from[base + w]
    if (!this.#isIdentity()) {
      for (let m = 0; m < codes.length; m++) {
        const code = this.#image(m)
        const to = this.#movedAt[this.#address(m)]
        const old = codes[to]
        if (code === old) continue
        candidate[this.#word[to]] ^= (code ^ old) << this.#shift[to]
        const before = this.#hashOffset[to] + old
        const after = this.#hashOffset[to] + code
        low ^= this.#hashLow[before] ^ this.#hashLow[after]
        high ^= this.#hashHigh[before] ^ this.#hashHigh[after]
      }
    }
    this.#candidateLow = low
    this.#candidateHigh = high
  }

  #isIdentity(): boolean {
    const { order } = this.#partition
    for (let at = 0; at < order.length; at++) if (order[at] !== at) return false
    return true
  }

  /** What the code of a moved field becomes when every slot takes the id in `#rank`. */
  #image(m: number): number {
    const code = this.#codes[m]
    const base = this.#valueBase[m]
    const first = this.#firstCode[m]
    return base < 0 || code < first ? code : this.#rank[base + code - first] + first
  }

  /** Where a moved field goes when every slot takes the id in `#rank`. */
  #address(m: number): number {
    let at = this.#familyStart[m]
    for (let k = this.#placeStart[m]; k < this.#placeStart[m + 1]; k++)
      at += this.#rank[this.#place[k]] * this.#stride[k]
    return at
  }
}

/** Spreads small numbers over 32 bits. */
function scramble(n: number): number {
  const a = Math.imul(n ^ (n >>> 16), 0x21f0aaad)
  const b = Math.imul(a ^ (a >>> 15), 0x735a2d97)
  return b ^ (b >>> 15)
}
