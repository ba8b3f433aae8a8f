import type { Layout } from '../../../model/language/layout.ts'
import { type Tabulation, xoshiro } from '../../state/tabulation.ts'
import { MovedFields } from './moved-fields.ts'
import { OrderedPartition } from './ordered-partition.ts'
import { SlotRows } from './slot-rows.ts'
import type { Permutation, SymmetryGroup } from './symmetry-group.ts'

/**
 * Computes exact canonical forms: one representative per orbit of states.
 *
 * Ids are distinguished by signatures of what refers to them, refined until no class splits (colour refinement).
 * Ids in the same class are either exchangeable without a change to the state, and then any order will do; or all
 * their orders are tried, and the least vector is taken (individualisation and refinement, McKay 1981). Signatures do
 * not depend on names, so all states of an orbit get the same form. A collision of two signatures only means more
 * orders to try, never a wrong form. `canonicalise` allocates nothing.
 */
export class CanonicalForm {
  /** The canonical state, packed. */
  readonly words: Int32Array
  /** Hash lanes of the canonical state. */
  low = 0
  high = 0
  /** A permutation that maps the given state to the canonical one. */
  readonly permutation: Permutation
  /** Order of the stabiliser: how many permutations map the given state to itself. */
  stabiliser = 1
  /** Bits of the packed state that permutations may change. */
  readonly moved: Int32Array
  readonly #rows: SlotRows
  readonly #fields: MovedFields
  readonly #partition: OrderedPartition
  readonly #signature: Int32Array
  /** The part of the signatures that depends on no other id. Without MovedFields the same array as `#signature`. */
  readonly #own: Int32Array
  /** 1 for the last slot of each sort. */
  readonly #sortEnd: Uint8Array
  /** Id of each slot, and the id it gets in the order being tried. */
  readonly #ids: Uint8Array
  readonly #rank: Uint8Array
  readonly #candidate: Int32Array
  /** Number of orders of the ids that give `words`; 0 before the first candidate. */
  #attained = 0
  #from: Int32Array
  #base = 0
  #fromLow = 0
  #fromHigh = 0

  constructor(group: SymmetryGroup, layout: Layout, hash: Tabulation) {
    const random = xoshiro(group.families)
    this.#fields = new MovedFields(group, hash, random)
    this.#rows = new SlotRows(group, hash, random)
    this.#sortEnd = Uint8Array.from({ length: group.slots }, (_, slot) =>
      slot + 1 < group.slots && group.sortOfSlot(slot + 1) === group.sortOfSlot(slot) ? 0 : 1,
    )
    this.#partition = new OrderedPartition(group)
    this.#signature = new Int32Array(group.slots)
    this.#own = this.#fields.count === 0 ? this.#signature : new Int32Array(group.slots)
    this.#ids = Uint8Array.from({ length: group.slots }, (_, slot) => group.idOfSlot(slot))
    this.#rank = this.#ids.slice()
    this.permutation = group.identity()
    this.words = new Int32Array(layout.words)
    this.moved = new Int32Array(layout.words)
    for (const { field } of group.moved()) this.moved[field.word] |= field.mask << field.shift
    this.#candidate = new Int32Array(layout.words)
    this.#from = this.words
  }

  /** Finds the canonical form of the packed state at `base` with the given hash lanes. */
  canonicalise(from: Int32Array, base: number, low: number, high: number): void {
    this.#from = from
    this.#base = base
    this.#fromLow = low
    this.#fromHigh = high
    const partition = this.#partition
    this.#rows.gather(from, base, this.#own)
    if (this.#fields.count > 0) {
      this.#fields.gather(from, base)
      partition.reset()
      this.#sign()
    }
    if (this.#isInOrder()) {
      this.#takeAsIs()
      return
    }
    // Only MovedFields need the partition for their signatures; without them it is reset only here.
    if (this.#fields.count === 0) partition.reset()
    this.#attained = 0
    partition.split(this.#signature)
    if (partition.discrete) this.#try(1)
    else this.#search(0)
    this.stabiliser = this.#attained
  }

  /** Whether all signatures are different and in ascending order already. */
  #isInOrder(): boolean {
    const signature = this.#signature
    const sortEnd = this.#sortEnd
    for (let slot = 0; slot < signature.length; slot++)
      if (sortEnd[slot] === 0 && signature[slot] >= signature[slot + 1]) return false
    return true
  }

  /** Takes the given state as its canonical form. */
  #takeAsIs(): void {
    const { words, permutation } = this
    const from = this.#from
    const base = this.#base
    for (let w = 0; w < words.length; w++) words[w] = from[base + w]
    for (let slot = 0; slot < permutation.length; slot++) permutation[slot] = slot
    this.low = this.#fromLow
    this.high = this.#fromHigh
    this.stabiliser = 1
  }

  /** Tries the orders that the partition leaves open. Its classes were split once for the present colors. */
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

  /** Position of the first class whose members are not exchangeable in the state; -1 if there is none. */
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

  /** Whether exchanging two slots of one sort does not change the state. */
  #exchangeable(a: number, b: number): boolean {
    return this.#rows.areAlike(a, b) && this.#fields.areAlike(a, b)
  }

  /** Computes the signature of every slot from the fields that refer to its id; other ids count by class only. */
  #sign(): void {
    const signature = this.#signature
    const own = this.#own
    for (let slot = 0; slot < signature.length; slot++) signature[slot] = own[slot]
    this.#fields.sign(signature, this.#partition.color)
  }

  /** Builds the state for the current order of the ids, and takes it as `words` if it is the least so far. */
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
    this.low = this.#fields.low
    this.high = this.#fields.high
    for (let w = 0; w < words.length; w++) words[w] = candidate[w]
    for (let at = 0; at < order.length; at++) this.permutation[order[at]] = at
  }

  #build(): void {
    const { order } = this.#partition
    const candidate = this.#candidate
    const rows = this.#rows
    const rank = this.#rank
    for (let w = 0; w < candidate.length; w++) candidate[w] = this.#from[this.#base + w]
    rows.low = this.#fromLow
    rows.high = this.#fromHigh
    let moves = 0
    for (let at = 0; at < order.length; at++) {
      const slot = order[at]
      rank[slot] = this.#ids[at]
      if (slot === at) continue
      moves++
      rows.move(slot, at, candidate)
    }
    const fields = this.#fields
    fields.low = rows.low
    fields.high = rows.high
    if (moves > 0) fields.move(rank, candidate)
  }
}
