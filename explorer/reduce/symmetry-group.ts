import type { Field, Node } from '../../model/language/layout.ts'
import type { Sort } from '../../model/language/shapes.ts'
import type { System } from '../../model/language/system.ts'

/**
 * A permutation of the ids of all interchangeable sorts. Every (sort, id) has a slot; entry `slot` is the slot
 * of the same sort that takes its place.
 */
export type Permutation = Uint8Array

/** One field as the permutations see it. */
export interface Placement {
  readonly field: Field
  /** Fields that some permutation exchanges have the same family; families are numbered from 0. */
  readonly family: number
  /** Slots of the ids by which the field is indexed, outermost first. */
  readonly places: readonly number[]
  /** First slot of the sort whose ids are the field's values, or -1. */
  readonly valueBase: number
  /** Code of id 0: 1 when code 0 is "none". */
  readonly firstCode: number
}

/** An exchange of two neighbouring ids of one sort. */
export interface Generator {
  readonly sort: Sort
  /** The two ids, the smaller first. */
  readonly ids: readonly [number, number]
  readonly permutation: Permutation
}

/**
 * All permutations of the ids of some sorts, and how they act on states: the elements of arrays and sets
 * indexed by a sort change places, values that are ids of it change with them. Program counters are arrays
 * over the sort of their threads, so threads change places too.
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
  /** Field at `familyStart[family] + sum of (place - base of its sort) * stride`, see `image`. */
  readonly #fieldAt: Int32Array
  readonly #familyStart: readonly number[]
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
    this.placements = this.#place(system.layout.root, families)
    this.families = families.size
    this.#familyStart = this.#starts()
    this.#fieldAt = new Int32Array(this.#familyStart[this.families]).fill(-1)
    for (const p of this.placements) this.#fieldAt[this.#address(p, null)] = p.field.index
    this.generators = this.sorts.flatMap((sort, n) =>
      Array.from({ length: sort.size - 1 }, (_, id): Generator => {
        const permutation = this.identity()
        permutation[bases[n] + id] = bases[n] + id + 1
        permutation[bases[n] + id + 1] = bases[n] + id
        return { sort, ids: [id, id + 1], permutation }
      }),
    )
  }

  /** Index into `sorts` of the sort that a slot belongs to. */
  sortOfSlot(slot: number): number {
    return this.#sortOfSlot[slot]
  }

  /** The id that a slot stands for. */
  idOfSlot(slot: number): number {
    return slot - this.bases[this.#sortOfSlot[slot]]
  }

  /** The permutation that moves nothing. */
  identity(): Permutation {
    return Uint8Array.from({ length: this.slots }, (_, slot) => slot)
  }

  /** First `first`, then `then`. */
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

  /** Number of the field that takes the place of field number `field`. */
  imageOfField(field: number, permutation: Permutation): number {
    const placement = this.placements[field]
    return placement.places.length === 0 ? field : this.#fieldAt[this.#address(placement, permutation)]
  }

  /** What a code of field number `field` becomes. */
  imageOfCode(field: number, code: number, permutation: Permutation): number {
    const { valueBase, firstCode } = this.placements[field]
    if (valueBase < 0 || code < firstCode) return code
    return permutation[valueBase + code - firstCode] - valueBase + firstCode
  }

  /** Writes the image of a whole state, given as codes by field, into another array. */
  imageOfState(codes: Uint16Array, permutation: Permutation, into: Uint16Array): void {
    for (let f = 0; f < codes.length; f++) {
      into[this.imageOfField(f, permutation)] = this.imageOfCode(f, codes[f], permutation)
    }
  }

  /** Fields that some permutation moves or whose values some permutation changes. */
  moved(): readonly Placement[] {
    return this.placements.filter((p) => p.places.length > 0 || p.valueBase >= 0)
  }

  #base(sort: Sort | undefined): number {
    const n = sort === undefined ? -1 : this.sorts.indexOf(sort)
    return n < 0 ? -1 : this.bases[n]
  }

  /** Placements in order of field numbers. */
  #place(root: Node, families: Map<string, number>): Placement[] {
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
        const firstCode = idOf?.optional === true ? 1 : 0
        found.push({ field: node.field, family: family(key), places, valueBase, firstCode })
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

  #address({ family, places }: Placement, permutation: Permutation | null): number {
    let at = 0
    for (const slot of places) {
      const n = this.#sortOfSlot[slot]
      at = at * this.sorts[n].size + (permutation === null ? slot : permutation[slot]) - this.bases[n]
    }
    return this.#familyStart[family] + at
  }
}

function factorial(n: number): number {
  return n <= 1 ? 1 : n * factorial(n - 1)
}
