import type { CompiledSystem } from '../../compile/compiled-system.ts'
import { LEAF } from '../../compile/record-format.ts'
import { ExactSet } from '../../state/exact-set.ts'
import { VectorStore } from '../../state/vector-store.ts'
import { type Limits, LimitWatch } from '../limits.ts'
import { Successors } from '../successors.ts'
import { FAULT, LabelledGraph } from './graph.ts'

/** A graph of states kept in full, with the states. */
export interface Explored {
  readonly graph: LabelledGraph
  readonly store: VectorStore
  /** Why the graph is not the whole one, or null. */
  readonly stopped: string | null
}

/** How many states are expanded between two looks at the limits. */
const PATIENCE = 512

/**
 * Builds the whole reachable graph, breadth first, without any reduction and without loss: what is asked of
 * it afterwards needs every state and every edge.
 * @throws ModelError when the model is wrong.
 */
export function exploreGraph(compiled: CompiledSystem, limits: Limits = {}): Explored {
  const { layout, initial } = compiled.system
  const graph = new LabelledGraph()
  const store = new VectorStore(layout.words, true)
  const visited = new ExactSet(store)
  const watch = new LimitWatch(limits)
  const successors = new Successors(compiled)
  const words = new Int32Array(layout.words)

  initial.forEach((codes, index) => {
    layout.pack(codes, words, 0)
    const id = visited.insertState(words, 0, compiled.hash.hashLow(codes), compiled.hash.hashHigh(codes))
    if (id < 0) graph.initial.push({ state: ~id, index })
  })
  graph.states = store.count

  let stopped: string | null = null
  let levelEnd = store.count
  let depth = 0
  while (graph.expanded < store.count) {
    const id = graph.expanded
    if (id === levelEnd) {
      levelEnd = store.count
      depth++
    }
    if (watch.tooDeep(depth)) stopped = `depth ${depth} reached (--max-depth)`
    else if (id % PATIENCE === 0 || (limits.maxStates !== undefined && store.count > limits.maxStates))
      stopped = watch.exceeded(store.count, store.bytes + visited.bytes + graph.bytes)
    if (stopped !== null) break
    const base = (id & VectorStore.chunkMask) * store.words
    const chunk = store.chunks[id >>> VectorStore.chunkBits]
    const low = store.lows[id >>> VectorStore.chunkBits][id & VectorStore.chunkMask]
    const high = store.highs[id >>> VectorStore.chunkBits][id & VectorStore.chunkMask]
    successors.find(chunk, base)
    for (let k = 0; k < successors.count; k++) {
      if (successors.faults(k)) {
        graph.add(successors.steps[k], FAULT)
        continue
      }
      const leaf = successors.leaves[k]
      for (let w = 0; w < words.length; w++) words[w] = chunk[base + w]
      successors.apply(k, words, 0)
      const found = visited.insertState(
        words,
        0,
        low ^ compiled.leaves[leaf + LEAF.hashLow],
        high ^ compiled.leaves[leaf + LEAF.hashHigh],
      )
      graph.add(successors.steps[k], found < 0 ? ~found : found)
    }
    graph.close()
    store.expandedUpTo(graph.expanded)
  }
  graph.states = store.count
  return { graph, store, stopped }
}
