import type { CompiledSystem } from '../compile/compiled-system.ts'
import { UNKNOWN } from '../compile/decision-trees.ts'
import { DISABLED, RECORD } from '../compile/transition-record.ts'

/**
 * The enabled steps of a packed state. For searches that handle one state at a time (liveness graph, random walks);
 * the breadth-first search has a faster loop over many, `Expander`.
 */
export class Successors {
  /** Numbers of the enabled steps, in ascending order; `count` of them are valid. */
  readonly steps: Int32Array
  /** The transition record of each, an index into `CompiledSystem.records`. */
  readonly records: Int32Array
  count = 0
  readonly #compiled: CompiledSystem

  constructor(compiled: CompiledSystem) {
    this.#compiled = compiled
    this.steps = new Int32Array(compiled.steps.length)
    this.records = new Int32Array(compiled.steps.length)
  }

  /** Finds the enabled steps of the packed state at `base`, including those that end in an oops. Returns their number. */
  find(words: Int32Array, base: number): number {
    this.count = 0
    for (let t = 0; t < this.#compiled.dispatch.length; t++) this.#add(t, words, base)
    return this.count
  }

  /** Like `find`, for the steps of one thread. */
  findOf(thread: number, words: Int32Array, base: number): number {
    this.count = 0
    this.#add(thread, words, base)
    return this.count
  }

  /** Whether enabled step `k` ends in an oops, and so has no successor. */
  faults(k: number): boolean {
    return this.#compiled.records[this.records[k] + RECORD.fault] !== 0
  }

  /** Replaces the packed state at `base`, for which step `k` was found, by its successor. */
  apply(k: number, words: Int32Array, base: number): void {
    const { records } = this.#compiled
    const record = this.records[k]
    let change = record + RECORD.first
    for (let n = records[record + RECORD.changes]; n > 0; n--, change += 2)
      words[base + records[change]] ^= records[change + 1]
  }

  #add(thread: number, words: Int32Array, base: number): void {
    const compiled = this.#compiled
    const { counter } = compiled.system.threads[thread]
    const at = compiled.dispatch[thread] + ((words[base + counter.word] >>> counter.shift) & counter.mask)
    for (let s = compiled.firstStep[at]; s < compiled.firstStep[at + 1]; s++) {
      let node = compiled.trees.find(compiled.roots[s], words, base)
      if (node === UNKNOWN) node = compiled.record(compiled.steps[s], words, base)
      if (node === DISABLED) continue
      this.steps[this.count] = s
      this.records[this.count++] = -node
    }
  }
}
