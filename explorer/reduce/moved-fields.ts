import { type Tabulation, xoshiro } from '../state/tabulation.ts'
import type { Placement, SymmetryGroup } from './symmetry-group.ts'

/**
 * The fields that permutations of ids move or change, as flat tables by number for the loops of
 * `CanonicalForm`. Fields with one index and plain values come first: most fields are of this kind, and what
 * they say of their id does not depend on other ids.
 */
export class MovedFields {
  readonly count: number
  /** Fields below this number have exactly one place and values that are no ids. */
  readonly simple: number
  readonly word: Int32Array
  readonly shift: Int32Array
  readonly mask: Int32Array
  /** First slot of the sort whose ids are the values, or -1; and the code of the first id. */
  readonly valueBase: Int32Array
  readonly firstCode: Int32Array
  /** Where the field's random words begin in the tabulation hash. */
  readonly hashOffset: Int32Array
  /** A scrambled number of the field's family. */
  readonly family: Int32Array
  /** What code c of a simple field adds to the signature of its place: entry `saysAt[m] + c`. */
  readonly says: Int32Array
  readonly saysAt: Int32Array
  /** `place[k]` and `stride[k]` for k from `placeStart[m]` belong to field m. */
  readonly placeStart: Int32Array
  readonly place: Int32Array
  readonly stride: Int32Array
  /** A field's family begins here in `at`; the sum of id times stride leads to the field. */
  readonly familyStart: Int32Array
  readonly at: Int32Array
  /** Fields with the slot among their places, by slot. */
  readonly indexedBy: readonly Int32Array[]
  /** Fields whose values are ids of the slot's sort, by slot. */
  readonly referringTo: readonly Int32Array[]

  constructor(group: SymmetryGroup, hash: Tabulation) {
    const isSimple = (p: Placement): boolean => p.places.length === 1 && p.valueBase < 0
    const all = group.moved().filter(({ field }) => field.mask !== 0)
    const moved = [...all.filter(isSimple), ...all.filter((p) => !isSimple(p))]
    const pick = (of: (p: Placement) => number): Int32Array => Int32Array.from(moved, of)
    this.count = moved.length
    this.simple = all.filter(isSimple).length
    this.word = pick((p) => p.field.word)
    this.shift = pick((p) => p.field.shift)
    this.mask = pick((p) => p.field.mask)
    this.valueBase = pick((p) => p.valueBase)
    this.firstCode = pick((p) => p.firstCode)
    this.hashOffset = pick((p) => hash.offset[p.field.index])

    const random = xoshiro(group.families)
    const scrambled = Array.from({ length: group.families }, random)
    this.family = pick((p) => scrambled[p.family])
    const says: number[] = []
    const saysOf = new Map<number, number>()
    this.saysAt = pick(({ family, field }) => {
      const known = saysOf.get(family)
      if (known !== undefined) return known
      saysOf.set(family, says.length)
      for (let code = 0; code <= field.mask; code++) says.push(code === 0 ? 0 : random())
      return saysOf.get(family) as number
    })
    this.says = Int32Array.from(says)

    const strides = (p: Placement): number[] => {
      const sizes = p.places.map((slot) => group.sorts[group.sortOfSlot(slot)].size)
      return sizes.map((_, k) => sizes.slice(k + 1).reduce((product, size) => product * size, 1))
    }
    this.placeStart = new Int32Array(moved.length + 1)
    for (const [m, { places }] of moved.entries()) this.placeStart[m + 1] = this.placeStart[m] + places.length
    this.place = Int32Array.from(moved.flatMap((p) => p.places))
    this.stride = Int32Array.from(moved.flatMap(strides))
    const startOf = new Map<number, number>()
    let addresses = 0
    for (const p of moved) {
      if (startOf.has(p.family)) continue
      startOf.set(p.family, addresses)
      addresses += moved.filter((other) => other.family === p.family).length
    }
    this.familyStart = pick((p) => startOf.get(p.family) as number)
    this.at = new Int32Array(addresses)
    for (let m = 0; m < moved.length; m++) {
      let address = this.familyStart[m]
      for (let k = this.placeStart[m]; k < this.placeStart[m + 1]; k++)
        address += group.idOfSlot(this.place[k]) * this.stride[k]
      this.at[address] = m
    }

    const numbersOf = (holds: (p: Placement) => boolean): Int32Array =>
      Int32Array.from(moved.flatMap((p, m) => (holds(p) ? [m] : [])))
    const slots = Array.from({ length: group.slots }, (_, slot) => slot)
    this.indexedBy = slots.map((slot) => numbersOf((p) => p.places.includes(slot)))
    this.referringTo = slots.map((slot) => numbersOf((p) => p.valueBase === slot - group.idOfSlot(slot)))
  }
}
