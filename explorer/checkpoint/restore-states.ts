import type { CompiledSystem } from '../compile/compiled-system.ts'
import { PackedHash } from '../state/packed-hash.ts'
import type { StateTable } from '../state/state-table.ts'
import { VectorStore } from '../state/vector-store.ts'
import type { CheckpointReader } from './checkpoint-files.ts'

const { chunkBits, chunkMask } = VectorStore

/** States that are looked up together, so that the cache misses of the look-ups overlap. */
const BLOCK = Math.min(512, chunkMask + 1)

/** Where the states of a checkpoint go. Store and table must be empty. */
export interface States {
  readonly compiled: CompiledSystem
  readonly store: VectorStore
  readonly table: StateTable
}

/**
 * Restores the states of a checkpoint, of which those below `head` are expanded. Hashes are computed again, and so is
 * the table of visited states if states are stored in full. A table of fingerprints is checked against the states.
 * @param states number of states, checked against the lengths of the files before anything is allocated.
 * @param visit called for each stored state.
 * @throws CheckpointError unless they are states of this system, each once.
 */
export function restoreStates(
  { compiled, store, table }: States,
  opened: CheckpointReader,
  head: number,
  states: number,
  visit: (id: number, words: Int32Array, base: number) => void = () => {},
): void {
  const { fields, words } = compiled.system.layout
  const isLossy = table.contents !== undefined
  if (!(head <= states)) throw opened.damaged(`${head} of ${states} states are expanded`)
  const contents = isLossy ? opened.numbers('table', Int32Array) : null
  if (states > (contents?.length ?? opened.bytes('states')))
    throw opened.damaged(`it cannot hold ${states} states`)
  const kept = store.firstKept(head)
  if (opened.bytes('states') !== 4 * words * (states - kept))
    throw opened.damaged('states has another length')
  store.restore(states, head)
  opened.read('states', store.stateArrays(head))
  const problem = table.adopt?.(contents, states) ?? null
  if (problem !== null) throw opened.damaged(problem)
  /** By slot: 1 once its state was restored. */
  const seen = new Uint8Array(contents?.length ?? 0)
  const hash = new PackedHash(fields, words, compiled.hash)
  const lows = new Int32Array(BLOCK)
  const highs = new Int32Array(BLOCK)
  // A block never spans two chunks.
  for (let first = kept; first < states; first += BLOCK) {
    const count = Math.min(BLOCK, states - first)
    const chunk = first >>> chunkBits
    const vectors = store.chunks[chunk]
    for (let k = 0; k < count; k++) {
      if (!hash.of(vectors, ((first + k) & chunkMask) * words))
        throw opened.damaged(`state ${first + k} is not one of ${compiled.system.name}`)
      lows[k] = hash.low
      highs[k] = hash.high
    }
    table.prefetch?.(lows, count)
    for (let k = 0; k < count; k++) {
      const id = first + k
      const base = (id & chunkMask) * words
      const place = table.restoreState?.(id, vectors, base, lows[k], highs[k]) ?? -1
      if (place < 0) throw opened.damaged(`state ${id} is ${isLossy ? 'not in its table' : 'there twice'}`)
      if (isLossy && seen[place]++ > 0) throw opened.damaged(`state ${id} is there twice`)
      visit(id, vectors, base)
    }
    if (store.lows[chunk].length === 0) continue
    store.lows[chunk].set(lows.subarray(0, count), first & chunkMask)
    store.highs[chunk].set(highs.subarray(0, count), first & chunkMask)
  }
}
