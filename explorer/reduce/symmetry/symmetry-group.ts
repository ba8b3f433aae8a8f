import type { Field, Node } from '../../../model/language/fields.ts'
import type { Sort } from '../../../model/language/shapes.ts'
import type { System } from '../../../model/language/system.ts'

/**
 * A permutation of the ids of all interchangeable sorts. Every (sort, id) has a slot; entry `slot` is its image, a
 * slot of the same sort.
 */
export type Permutation = Uint8Array

/** How permutations act on a field. */
export interface Placement {
  readonly field: Field
  /** Family of the field: two fields have the same one if a permutation maps one to the other. */
  readonly family: number
  /** Slots of the ids that index the field, outermost first. */
  readonly places: readonly number[]
  /** First slot of the sort whose ids are the field's values, or -1. */
  readonly valueBase: number
  /** Encoded value of id 0: 1 if 0 is "none". */
  readonly firstIdValue: number
}

/** An exchange of two neighbouring ids of one sort. */
export interface Generator {
  readonly sort: Sort
  /** The two ids, the smaller first. */
  readonly ids: readonly [number, number]
  readonly permutation: Permutation
}

/**
 * All permutations of the ids of some sorts, and how they act on states: they permute the elements of arrays and sets
 * indexed by a sort, and values that are ids of it. Program counters are arrays over the sort of their threads, so
 * threads are permuted too.
 */
export class SymmetryGroup {
  readonly sorts: readonly Sort[]
  /** Number of slots. */
  readonly slots: number
  /** First slot of each sort, in the order of `sorts`. */
  readonly bases: readonly number[]
  /** Number of permutations: the product of the factorials of the sizes. */
  readonly order: number
  readonly placements: readonly Placement[]
  readonly families: number
  /** Exchanges of neighbouring ids; together they generate every permutation. */
  readonly generators: readonly Generator[]
  /** Field at `origin[field] + sum of slot * stride` over the slots that index it, see `imageOfField`. */
  readonly #fieldAt: Int32Array
  readonly #origin: Int32Array
  /** `place[k]` and `stride[k]` for k from `placeStart[f]` belong to field f. */
  readonly #placeStart: Int32Array
  readonly #place: Int32Array
  readonly #stride: Int32Array
  readonly #valueBase: Int32Array
  readonly #firstIdValue: Int32Array
  readonly #sortOfSlot: readonly number[]

  /** The group of all permutations of the sorts that have at least two ids. */
  constructor(system: Pick<System, 'layout'>, sorts: readonly Sort[]) {
    this.sorts = [...new Set(sorts)].filter((s) => s.size > 1)
    const bases: number[] = []
    const sortOfSlot: number[] = []
    for (const [n, { size }] of this.sorts.entries()) {
      bases.push(sortOfSlot.length)
      for (let id = 0; id < size; id++) sortOfSlot.push(n)
    }
    this.bases = bases
    this.slots = sortOfSlot.length
    this.#sortOfSlot = sortOfSlot
    this.order = this.sorts.reduce((product, s) => product * factorial(s.size), 1)
    const families = new Map<string, number>()
    this.placements = this.#placementsOf(system.layout.root, families)
    this.families = families.size
    this.#placeStart = new Int32Array(this.placements.length + 1)
    for (const [f, { places }] of this.placements.entries())
      this.#placeStart[f + 1] = this.#placeStart[f] + places.length
    this.#place = Int32Array.from(this.placements.flatMap((p) => p.places))
    this.#stride = Int32Array.from(this.placements.flatMap((p) => this.#strides(p)))
    this.#valueBase = Int32Array.from(this.placements, (p) => p.valueBase)
    this.#firstIdValue = Int32Array.from(this.placements, (p) => p.firstIdValue)
    const starts = this.#starts()
    this.#origin = Int32Array.from(this.placements, (p) => {
      const strides = this.#strides(p)
      return p.places.reduce((at, slot, k) => at - bases[sortOfSlot[slot]] * strides[k], starts[p.family])
    })
    this.#fieldAt = new Int32Array(starts[this.families]).fill(-1)
    const identity = this.identity()
    for (const { field } of this.placements) this.#fieldAt[this.#address(field.index, identity)] = field.index
    this.generators = this.sorts.flatMap((sort, n) =>
      Array.from({ length: sort.size - 1 }, (_, id): Generator => {
        const permutation = this.identity()
        permutation[bases[n] + id] = bases[n] + id + 1
        permutation[bases[n] + id + 1] = bases[n] + id
        return { sort, ids: [id, id + 1], permutation }
      }),
    )
  }

  /** The sorts and the action on fields as text: equal for groups that act alike. */
  get description(): string {
    return JSON.stringify([
      this.sorts.map(({ name, size }) => [name, size]),
      this.placements.map(({ family, places, valueBase, firstIdValue }) => [
        family,
        places,
        valueBase,
        firstIdValue,
      ]),
    ])
  }

  /** Index into `sorts` of the sort that a slot belongs to. */
  sortOfSlot(slot: number): number {
    return this.#sortOfSlot[slot]
  }

  /** The id that a slot stands for. */
  idOfSlot(slot: number): number {
    return slot - this.bases[this.#sortOfSlot[slot]]
  }

  /** The identity permutation. */
  identity(): Permutation {
    return Uint8Array.from({ length: this.slots }, (_, slot) => slot)
  }

  /** The permutation that applies `first`, then `then`. */
  compose(first: Permutation, then: Permutation): Permutation {
    return first.map((slot) => then[slot])
  }

  inverse(permutation: Permutation): Permutation {
    const inverse = new Uint8Array(this.slots)
    permutation.forEach((to, from) => {
      inverse[to] = from
    })
    return inverse
  }

  /** Numbers of generators whose product, applied in order, is the permutation. */
  wordOf(permutation: Permutation): number[] {
    const left = permutation.slice()
    const word: number[] = []
    // Sorting the images by exchanges of neighbours undoes the permutation, last exchange first.
    for (let swapped = true; swapped; ) {
      swapped = false
      for (const [number, { sort, ids }] of this.generators.entries()) {
        const base = this.bases[this.sorts.indexOf(sort)]
        const [a, b] = [left.indexOf(base + ids[0]), left.indexOf(base + ids[1])]
        if (a < b) continue
        left[a] = base + ids[1]
        left[b] = base + ids[0]
        word.push(number)
        swapped = true
      }
    }
    return word.reverse()
  }

  /** The image of a field, by number. */
  imageOfField(field: number, permutation: Permutation): number {
    if (this.#placeStart[field] === this.#placeStart[field + 1]) return field
    return this.#fieldAt[this.#address(field, permutation)]
  }

  /** The image of an encoded value of a field. */
  imageOfValue(field: number, value: number, permutation: Permutation): number {
    const base = this.#valueBase[field]
    if (base < 0) return value
    const first = this.#firstIdValue[field]
    return value < first ? value : permutation[base + value - first] - base + first
  }

  /** Writes the image of an unpacked state into another array. */
  imageOfState(encoded: Uint16Array, permutation: Permutation, into: Uint16Array): void {
    for (let f = 0; f < encoded.length; f++) {
      into[this.imageOfField(f, permutation)] = this.imageOfValue(f, encoded[f], permutation)
    }
  }

  /** Fields that a permutation can move, or whose values it can change. */
  moved(): readonly Placement[] {
    return this.placements.filter((p) => p.places.length > 0 || p.valueBase >= 0)
  }

  #base(sort: Sort | undefined): number {
    const n = sort === undefined ? -1 : this.sorts.indexOf(sort)
    return n < 0 ? -1 : this.bases[n]
  }

  /** Placements in order of field numbers. */
  #placementsOf(root: Node, families: Map<string, number>): Placement[] {
    const found: Placement[] = []
    const family = (key: string): number => {
      const number = families.get(key) ?? families.size
      families.set(key, number)
      return number
    }
    const visit = (node: Node, key: string, places: readonly number[]): void => {
      if (node.kind === 'struct') {
        for (const [name, member] of node.members) visit(member, `${key}.${JSON.stringify(name)}`, places)
        return
      }
      if (node.kind === 'scalar') {
        const { idOf } = node.field.shape
        const valueBase = this.#base(idOf?.sort)
        const firstIdValue = idOf?.optional === true ? 1 : 0
        found.push({ field: node.field, family: family(key), places, valueBase, firstIdValue })
        return
      }
      const base = this.#base(node.indexedBy)
      const children: readonly Node[] =
        node.kind === 'array' ? node.elements : node.flags.map((field) => ({ kind: 'scalar', field }))
      children.forEach((child, id) => {
        if (base < 0) visit(child, `${key}[${id}]`, places)
        else visit(child, `${key}[*]`, [...places, base + id])
      })
    }
    visit(root, '', [])
    return found.sort((a, b) => a.field.index - b.field.index)
  }

  #starts(): number[] {
    const sizes = new Array<number>(this.families).fill(1)
    for (const { family, places } of this.placements) {
      sizes[family] = places.reduce((size, slot) => size * this.sorts[this.#sortOfSlot[slot]].size, 1)
    }
    const starts = [0]
    for (const size of sizes) starts.push(starts[starts.length - 1] + size)
    return starts
  }

  /** By index of a field: the distance within its family between fields whose ids there differ by one. */
  #strides({ places }: Placement): number[] {
    const sizes = places.map((slot) => this.sorts[this.#sortOfSlot[slot]].size)
    return sizes.map((_, k) => sizes.slice(k + 1).reduce((product, size) => product * size, 1))
  }

  #address(field: number, permutation: Permutation): number {
    let at = this.#origin[field]
    const end = this.#placeStart[field + 1]
    for (let k = this.#placeStart[field]; k < end; k++) at += permutation[this.#place[k]] * this.#stride[k]
    return at
  }
}

function factorial(n: number): number {
  return n <= 1 ? 1 : n * factorial(n - 1)
}
