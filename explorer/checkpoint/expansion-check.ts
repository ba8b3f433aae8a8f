import { RECORD } from '../compile/transition-record.ts'
import type { Reductions } from '../reduce/reduction.ts'
import type { StateGraph } from '../search/state-graph.ts'
import { Successors } from '../search/successors.ts'
import { Batch } from '../state/batch.ts'
import { PackedHash } from '../state/packed-hash.ts'
import type { VisitedSet } from '../state/state-table.ts'
import { VectorStore } from '../state/vector-store.ts'
import type { States } from './restore-states.ts'

const { chunkBits, chunkMask } = VectorStore

/** How many expanded states to check just before the position of the search, and how many spread over the others. */
const SAMPLE = 1024

/** A search that was restored from a checkpoint but has not continued yet. */
export interface Restored extends States {
  readonly visited: VisitedSet
  readonly stateGraph: StateGraph | null
  readonly reductions: Pick<Reductions, 'partialOrder'>
}

/**
 * Checks the position of a checkpoint: the initial states and the successors of all expanded states must have been
 * found. In a small search all expanded states are checked, otherwise a sample: the last ones, which reveal a position
 * that was moved, and some others.
 * @returns what is missing, or null.
 */
export function missingIn(search: Restored, head: number, initialOf: readonly number[]): string | null {
  return missingInitial(search, initialOf) ?? missingSuccessor(search, head)
}

function missingInitial({ compiled, visited }: Restored, initialOf: readonly number[]): string | null {
  const { layout, initial } = compiled.system
  const { hash } = compiled
  const words = new Int32Array(layout.words)
  const first: number[] = []
  for (const [index, encoded] of initial.entries()) {
    layout.pack(encoded, words, 0)
    const id = visited.insertState(words, 0, hash.hashLow(encoded), hash.hashHigh(encoded))
    if (id < 0) return `initial state ${index} was not found`
    if (id >= initialOf.length) return `initial state ${index} is not among the first states`
    first[id] ??= index
  }
  // A lossy set does not return numbers of states.
  if (visited.lossy) return null
  const isSame = first.length === initialOf.length && first.every((index, id) => index === initialOf[id])
  return isSame ? null : 'its first states are not the initial ones'
}

function missingSuccessor(search: Restored, head: number): string | null {
  const { compiled, store, reductions } = search
  // Path compression needs the tags of the source state, which the store releases with each fully expanded chunk.
  const first = reductions.partialOrder === null ? store.firstKept(head) : head & ~chunkMask
  const check = new SuccessorCheck(search)
  let missing: string | null = null
  for (const state of sampleOf(first, head)) missing ??= check.of(state)
  // The check counted transitions as taken.
  compiled.eachRecord((record) => {
    compiled.records[record + RECORD.fired] = 0
  })
  return missing
}

/** Which of the expanded states from `first` to `head - 1` to check. */
export function* sampleOf(first: number, head: number): Generator<number> {
  const last = Math.max(first, head - SAMPLE)
  const stride = Math.max(1, Math.ceil((last - first) / SAMPLE))
  for (let state = first; state < last; state += stride) yield state
  for (let state = last; state < head; state++) yield state
}

class SuccessorCheck {
  readonly #search: Restored
  /** Whether other steps may have been taken too. */
  readonly #isReduced: boolean
  readonly #successors: Successors
  readonly #batch: Batch
  readonly #hash: PackedHash

  constructor(search: Restored) {
    const { compiled } = search
    const { fields, words } = compiled.system.layout
    this.#search = search
    this.#isReduced = search.reductions.partialOrder !== null
    this.#successors = new Successors(compiled)
    this.#batch = new Batch(compiled.mostEnabled)
    this.#hash = new PackedHash(fields, words, compiled.hash)
  }

  /** What is missing for an expanded state, or null. */
  of(state: number): string | null {
    const { compiled, store, visited, stateGraph } = this.#search
    this.#collect(state, store.chunks[state >>> chunkBits], (state & chunkMask) * store.words)
    const { found, count } = this.#batch
    visited.insert(this.#batch, compiled.records)
    const needed = found.subarray(0, count)
    if (needed.some((id) => id < 0))
      return `state ${state} counts as expanded, but a successor of it was not found`
    if (stateGraph === null) return null
    const targets = stateGraph.targetsOf(state)
    const isSound = this.#isReduced
      ? needed.every((id) => targets.includes(id))
      : needed.toSorted().join() === targets.toSorted().join()
    return isSound ? null : `the edges of state ${state} are not those of the model`
  }

  /** Fills the batch with the successors that the search must have looked up for a state. */
  #collect(state: number, words: Int32Array, base: number): void {
    const { compiled, reductions } = this.#search
    const successors = this.#successors
    const batch = this.#batch
    const thread = reductions.partialOrder?.threadFor(words, base) ?? null
    if (thread === null) successors.find(words, base)
    else successors.findOf(thread, words, base)
    this.#hash.of(words, base)
    batch.count = 0
    const { records } = compiled
    for (let n = 0; n < successors.count; n++) {
      if (successors.faults(n)) continue
      const record = successors.records[n]
      const k = batch.count++
      batch.low[k] = this.#hash.low ^ records[record + RECORD.hashLow]
      batch.high[k] = this.#hash.high ^ records[record + RECORD.hashHigh]
      batch.source[k] = state
      batch.record[k] = record
    }
  }
}
