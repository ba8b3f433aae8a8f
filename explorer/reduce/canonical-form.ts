import type { Layout } from '../../model/language/layout.ts'
import type { Tabulation } from '../state/tabulation.ts'
import { MovedFields } from './moved-fields.ts'
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
  readonly #fields: MovedFields
  readonly #codes: Uint16Array
  readonly #partition: OrderedPartition
  readonly #signature: Int32Array
  /** The part of the signatures that no other id has a part in. */
  readonly #own: Int32Array
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
  readonly #hashLow: Int32Array
  readonly #hashHigh: Int32Array

  constructor(group: SymmetryGroup, layout: Layout, hash: Tabulation) {
    this.#fields = new MovedFields(group, hash)
    this.#codes = new Uint16Array(this.#fields.count)
    this.#partition = new OrderedPartition(group)
    this.#signature = new Int32Array(group.slots)
    this.#own = new Int32Array(group.slots)
    this.#ids = Uint8Array.from({ length: group.slots }, (_, slot) => group.idOfSlot(slot))
    this.#rank = this.#ids.slice()
    this.permutation = group.identity()
    this.words = new Int32Array(layout.words)
    this.#candidate = new Int32Array(layout.words)
    this.#from = this.words
    this.#hashLow = hash.low
    this.#hashHigh = hash.high
  }

  /** Finds the canonical form of the packed state at `base` with the given hash lanes. */
  canonicalise(from: Int32Array, base: number, low: number, high: number): void {
    this.#from = from
    this.#base = base
    this.#fromLow = low
    this.#fromHigh = high
    this.#attained = 0
    this.#unpack(from, base)
    const partition = this.#partition
    partition.reset()
    this.#sign()
    partition.split(this.#signature)
    if (partition.discrete) this.#try(1)
    else this.#search(0)
    this.stabiliser = this.#attained
  }

  #unpack(from: Int32Array, base: number): void {
    const { count, simple, word, shift, mask, place, says, saysAt } = this.#fields
    const codes = this.#codes
    const own = this.#own
    own.fill(0)
    // Simple fields have one place each, so field m's is at m.
    for (let m = 0; m < simple; m++) {
      const code = (from[base + word[m]] >>> shift[m]) & mask[m]
      codes[m] = code
      own[place[m]] += says[saysAt[m] + code]
    }
    for (let m = simple; m < count; m++) codes[m] = (from[base + word[m]] >>> shift[m]) & mask[m]
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
    const { indexedBy, referringTo, firstCode, at } = this.#fields
    const rank = this.#rank
    const codes = this.#codes
    rank.set(this.#ids)
    const idA = rank[a]
    const idB = rank[b]
    rank[a] = idB
    rank[b] = idA
    const indexed = indexedBy[a]
    for (let n = 0; n < indexed.length; n++) {
      const m = indexed[n]
      if (this.#image(m) !== codes[at[this.#address(m)]]) return false
    }
    // Only what is at a place of neither has to be looked at for its value; the rest was just compared.
    const referring = referringTo[a]
    for (let n = 0; n < referring.length; n++) {
      const m = referring[n]
      const value = codes[m] - firstCode[m]
      if ((value === idA || value === idB) && at[this.#address(m)] === m) return false
    }
    return true
  }

  /** Writes a signature of every slot: what refers to it, up to the names of ids of one class. */
  #sign(): void {
    const { count, simple, family, valueBase, firstCode, placeStart, place } = this.#fields
    const signature = this.#signature
    const { color } = this.#partition
    const codes = this.#codes
    signature.set(this.#own)
    for (let m = simple; m < count; m++) {
      const code = codes[m]
      const base = valueBase[m]
      const value = base < 0 || code < firstCode[m] ? -1 : base + code - firstCode[m]
      if (value < 0 && code === 0) continue
      const begin = placeStart[m]
      const end = placeStart[m + 1]
      let mix = Math.imul(family[m] ^ (value < 0 ? code : color[value] + 0x10000), 0x9e3779b1)
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
    const candidate = this.#candidate
    const { words } = this
    this.#build()
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
    const { count, simple, word, shift, hashOffset, familyStart, place, at } = this.#fields
    const { order } = this.#partition
    const candidate = this.#candidate
    const codes = this.#codes
    const rank = this.#rank
    const ids = this.#ids
    const hashLow = this.#hashLow
    const hashHigh = this.#hashHigh
    let low = this.#fromLow
    let high = this.#fromHigh
    for (let w = 0; w < candidate.length; w++) candidate[w] = this.#from[this.#base + w]
    let moves = 0
    for (let n = 0; n < order.length; n++) {
      rank[order[n]] = ids[n]
      moves |= order[n] ^ n
    }
    for (let m = 0; moves !== 0 && m < count; m++) {
      const isSimple = m < simple
      const code = isSimple ? codes[m] : this.#image(m)
      const to = isSimple ? at[familyStart[m] + rank[place[m]]] : at[this.#address(m)]
      const old = codes[to]
      if (code === old) continue
      candidate[word[to]] ^= (code ^ old) << shift[to]
      const before = hashOffset[to] + old
      const after = hashOffset[to] + code
      low ^= hashLow[before] ^ hashLow[after]
      high ^= hashHigh[before] ^ hashHigh[after]
    }
    this.#candidateLow = low
    this.#candidateHigh = high
  }

  /** What the code of a moved field becomes when every slot takes the id in `#rank`. */
  #image(m: number): number {
    const { valueBase, firstCode } = this.#fields
    const code = this.#codes[m]
    const base = valueBase[m]
    const first = firstCode[m]
    return base < 0 || code < first ? code : this.#rank[base + code - first] + first
  }

  /** Where a moved field goes when every slot takes the id in `#rank`. */
  #address(m: number): number {
    const { familyStart, placeStart, place, stride } = this.#fields
    let at = familyStart[m]
    for (let k = placeStart[m]; k < placeStart[m + 1]; k++) at += this.#rank[place[k]] * stride[k]
    return at
  }
}
