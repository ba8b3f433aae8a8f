import type { CompiledSystem } from '../compile/compiled-system.ts'
import { UNKNOWN } from '../compile/decision-trees.ts'
import { DISABLED, RECORD } from '../compile/transition-record.ts'

/**
 * The steps that are enabled in one packed state, one state at a time. For the searches that look at a state
 * in its own right (liveness graph, random walks); the breadth-first search has its own loop.
 */
export class Successors {
  /** Numbers of the enabled steps, in ascending order; `count` of them are valid. */
  readonly steps: Int32Array
  /** The record of each, an index into `CompiledSystem.records`. */
  readonly records: Int32Array
  count = 0
  readonly #compiled: CompiledSystem

  constructor(compiled: CompiledSystem) {
    this.#compiled = compiled
    this.steps = new Int32Array(compiled.steps.length)
    this.records = new Int32Array(compiled.steps.length)
  }

  /** Finds the enabled steps of the packed state at `base`, those that fault included. Returns how many. */
  find(words: Int32Array, base: number): number {
    this.count = 0
    for (let t = 0; t < this.#compiled.dispatch.length; t++) this.#add(t, words, base)
    return this.count
  }

  /** The same for the steps of one thread only. */
  findOf(thread: number, words: Int32Array, base: number): number {
    this.count = 0
    this.#add(thread, words, base)
    return this.count
  }

  /** True when the behaviour ends in a fault: it leads nowhere. */
  faults(k: number): boolean {
    return this.#compiled.records[this.records[k] + RECORD.fault] !== 0
  }

  /** Turns the packed state at `base`, for which step `k` was found, into its successor. */
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
