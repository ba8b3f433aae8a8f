import { enlarged } from '../state/array-bounds.ts'
import { SIZES } from '../state/sizes.ts'
import type { CompiledSystem } from './compiled-system.ts'
import { bitsOf, DecisionTrees, NOT_CONSTANT, NondeterministicRead, UNKNOWN } from './decision-trees.ts'
import { DISABLED, RECORD } from './transition-record.ts'

/** Layout of a list of enabled steps in `SuccessorLists.lists`. */
export const LIST = {
  /** How often it was used. At most once per state, so 32 bits are enough. */
  fired: 0,
  /** 1 when one of the steps violates an action property or ends in a fault, else 0. */
  special: 1,
  count: 2,
  /** Its number, an index into `SuccessorLists.offsets`; 0 when it is special or there are too many lists. */
  number: 3,
  /** `[hashLow, hashHigh, record]` of each step, in ascending order of steps. */
  first: 4,
} as const
export const LIST_ENTRY = 3

/** Lists of one program counter from which on its merged tree may be split. */
const CROWDED = SIZES.crowded

/**
 * The enabled steps of each (thread, program counter), found by following one decision tree instead of one per
 * step: the trees of the steps are merged into one whose leaves are lists of transitions. Where the steps depend
 * on many different fields, so that the merged tree would be as large as the product of theirs, the tree is split
 * into one per step again. The steps that share a tree are a group.
 */
export class SuccessorLists {
  readonly compiled: CompiledSystem
  /** Groups of steps of each (thread, program counter) as `CompiledSystem.dispatch` numbers them. */
  readonly firstGroup: Int32Array
  readonly lastGroup: Int32Array
  /** Tree of each group. */
  roots = NOT_CONSTANT
  readonly trees = new DecisionTrees()
  /** See LIST. Replaced when it grows: read it again after `resolve`. */
  lists = NOT_CONSTANT
  /** Offset in `lists` of each numbered list. Replaced when it grows. */
  offsets = NOT_CONSTANT
  /**
   * Two masks of the packed state per list number, at `number * 2 * words`: the bits that select this list, then
   * the bits that its steps change. All bits for number 0.
   */
  footprints = NOT_CONSTANT
  #numbers = 1
  readonly #most: number
  readonly #steps: (readonly number[])[] = []
  readonly #counterOf: number[] = []
  readonly #listsOf: number[] = []
  readonly #known = new Map<string, number>()
  #used = 2

  /** @param most how many lists get a number. */
  constructor(compiled: CompiledSystem, most = SIZES.lists) {
    this.#most = most
    this.compiled = compiled
    const { firstStep } = compiled
    const counters = firstStep.length - 1
    this.firstGroup = new Int32Array(counters)
    this.lastGroup = new Int32Array(counters)
    for (let at = 0; at < counters; at++) {
      this.firstGroup[at] = this.#steps.length
      const steps = Array.from({ length: firstStep[at + 1] - firstStep[at] }, (_, n) => firstStep[at] + n)
      if (steps.length > 0) this.#addGroup(at, steps)
      this.lastGroup[at] = this.#steps.length
    }
    this.roots = new Int32Array(this.#steps.length)
    this.lists = new Int32Array(SIZES.array)
    this.offsets = new Int32Array(SIZES.array >>> 4 || 1)
    const { words } = compiled.system.layout
    this.footprints = new Int32Array(2 * words * this.offsets.length).fill(-1, 0, 2 * words)
  }

  get bytes(): number {
    const { records } = this.compiled
    return this.arrays.reduce((sum, { byteLength }) => sum + byteLength, records.byteLength)
  }

  /** The arrays that grow, for limits on memory. */
  get arrays(): readonly Int32Array[] {
    return [this.lists, this.offsets, this.footprints, this.trees.nodes]
  }

  /**
   * Adds the list that a group's tree lacks, recording transitions where necessary. Returns the leaf (negative),
   * or UNKNOWN if the group was split instead: the caller must begin again with the first group of the program
   * counter.
   */
  resolve(group: number, words: Int32Array, base: number): number {
    const compiled = this.compiled
    const steps = this.#steps[group]
    if (steps.length > 1 && this.#listsOf[group] >= CROWDED && this.#isProduct(group)) {
      this.#split(group)
      return UNKNOWN
    }
    const records: number[] = []
    const tests: number[] = []
    const values: number[] = []
    for (const s of steps) {
      let node = compiled.trees.find(compiled.roots[s], words, base)
      if (node === UNKNOWN) node = compiled.record(compiled.steps[s], words, base)
      if (node !== DISABLED) records.push(-node)
      compiled.trees.addPath(compiled.roots[s], words, base, tests, values)
    }
    const list = this.#listOf(records, this.#readsOf(steps[0], tests))
    try {
      this.roots[group] = this.trees.insertPath(this.roots[group], tests, values, list)
    } catch (error) {
      if (error instanceof NondeterministicRead) throw new Error('the merged tree of a program counter broke')
      throw error
    }
    this.#listsOf[group]++
    return -list
  }

  /**
   * Writes the records of a thread's enabled transitions in a state into an array, in order of steps.
   * @param reads if given, gets the bits of the state added that select these transitions.
   * @returns their number.
   */
  enabledTransitions(
    thread: number,
    words: Int32Array,
    base: number,
    into: Int32Array,
    at: number,
    reads: Int32Array | null = null,
  ): number {
    const { dispatch, system } = this.compiled
    const { word, shift, mask } = system.threads[thread].counter
    const counter = dispatch[thread] + ((words[base + word] >>> shift) & mask)
    let count = 0
    for (let g = this.firstGroup[counter]; g < this.lastGroup[counter]; g++) {
      let node = this.trees.find(this.roots[g], words, base)
      if (node === UNKNOWN) node = this.resolve(g, words, base)
      if (node === UNKNOWN) {
        // The group was split: begin again with the new groups.
        g = this.firstGroup[counter] - 1
        count = 0
        continue
      }
      if (reads !== null) this.#addReads(this.lists[-node + LIST.number], reads)
      let entry = -node + LIST.first
      for (let n = this.lists[-node + LIST.count]; n > 0; n--, entry += LIST_ENTRY)
        into[at + count++] = this.lists[entry + 2]
    }
    return count
  }

  #addReads(list: number, reads: Int32Array): void {
    const { words } = this.compiled.system.layout
    for (let w = 0; w < words; w++) reads[w] |= this.footprints[list * 2 * words + w]
  }

  /** Moves the counts of the lists to the records in them. */
  settle(): void {
    const { records } = this.compiled
    for (let list = 2; list < this.#used; list += LIST.first + LIST_ENTRY * this.lists[list + LIST.count]) {
      const fired = this.lists[list]
      this.lists[list] = 0
      for (let n = 0; n < this.lists[list + LIST.count]; n++)
        records[this.lists[list + LIST.first + LIST_ENTRY * n + 2] + RECORD.fired] += fired
    }
  }

  /** Bits of the packed state that a path tests, those of the program counter included. */
  #readsOf(step: number, tests: readonly number[]): Int32Array {
    const { system, steps } = this.compiled
    const { counter } = system.threads[steps[step].thread]
    const reads = new Int32Array(system.layout.words)
    reads[counter.word] |= counter.mask << counter.shift
    for (const test of tests) {
      const { word, bits } = bitsOf(test)
      reads[word] |= bits
    }
    return reads
  }

  /** The list of these transitions with these selecting bits; added if it is new. */
  #listOf(members: readonly number[], reads: Int32Array): number {
    const key = `${members.join(' ')} by ${reads.join(' ')}`
    const known = this.#known.get(key)
    if (known !== undefined) return known
    const { records } = this.compiled
    const size = LIST.first + LIST_ENTRY * members.length
    if (this.#used + size > this.lists.length) {
      this.lists = enlarged(this.lists, new Int32Array(Math.max(this.lists.length * 2, this.#used + size)))
    }
    const list = this.#used
    this.#used += size
    const special = members.some(
      (record) => (records[record + RECORD.violated] | records[record + RECORD.fault]) !== 0,
    )
    this.lists.set([0, special ? 1 : 0, members.length, this.#numberOf(list, members, special, reads)], list)
    members.forEach((record, n) => {
      const entry = [records[record + RECORD.hashLow], records[record + RECORD.hashHigh], record]
      this.lists.set(entry, list + LIST.first + LIST_ENTRY * n)
    })
    this.#known.set(key, list)
    return list
  }

  #numberOf(list: number, members: readonly number[], special: boolean, reads: Int32Array): number {
    if (special || this.#numbers > this.#most) return 0
    const { records, system } = this.compiled
    const { words } = system.layout
    const number = this.#numbers++
    if (number === this.offsets.length) {
      this.offsets = enlarged(this.offsets, new Int32Array(2 * number))
      this.footprints = enlarged(this.footprints, new Int32Array(2 * this.footprints.length))
    }
    this.offsets[number] = list
    const at = number * 2 * words
    this.footprints.set(reads, at)
    for (const record of members) {
      for (let n = records[record + RECORD.changes], change = record + RECORD.first; n > 0; n--, change += 2)
        this.footprints[at + words + records[change]] |= records[change + 1]
    }
    return number
  }

  /** Whether the merged tree has far more leaves than the trees of the steps together. */
  #isProduct(group: number): boolean {
    const separate = this.#steps[group].reduce((sum, s) => sum + this.compiled.recorded[s], 0)
    return this.#listsOf[group] > 4 * separate
  }

  #split(group: number): void {
    const counter = this.#counterOf[group]
    this.firstGroup[counter] = this.#steps.length
    for (const step of this.#steps[group]) this.#addGroup(counter, [step])
    this.lastGroup[counter] = this.#steps.length
    const roots = new Int32Array(this.#steps.length)
    roots.set(this.roots)
    this.roots = roots
  }

  #addGroup(counter: number, steps: readonly number[]): void {
    this.#steps.push(steps)
    this.#counterOf.push(counter)
    this.#listsOf.push(0)
  }
}
