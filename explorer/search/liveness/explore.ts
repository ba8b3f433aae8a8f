import type { GraphCheckpoint } from '../../checkpoint/graph-checkpoint.ts'
import type { CompiledSystem } from '../../compile/compiled-system.ts'
import { RECORD } from '../../compile/transition-record.ts'
import { MOST_ARRAY_BYTES } from '../../state/array-bounds.ts'
import { ExactSet } from '../../state/exact-set.ts'
import { SIZES } from '../../state/sizes.ts'
import { VectorStore } from '../../state/vector-store.ts'
import { type Limits, LimitWatch } from '../limits.ts'
import type { Progress } from '../search-options.ts'
import type { StopReason } from '../stop-reason.ts'
import { Successors } from '../successors.ts'
import { FAULT, LabelledGraph } from './labelled-graph.ts'

/** A graph of states kept in full, with the states. */
export interface Explored {
  readonly graph: LabelledGraph
  readonly store: VectorStore
  /** Why the graph is not the whole one, or null. */
  readonly stopped: StopReason | null
}

/** How the exploration is bounded and watched. */
export interface ExploreOptions extends Limits {
  /** Watches the limits; default: a watch of its own. */
  readonly watch?: LimitWatch
  /** Most bytes of one array. Default: what the JavaScript engine allows. */
  readonly mostArrayBytes?: number
  /** Told now and then how far the exploration is. */
  readonly onProgress?: (progress: Progress) => void
}

/** How many states are expanded between two looks at the limits. */
const PATIENCE = SIZES.look
/** Bytes per state that judging takes on top of the graph (components, marks, shortest paths). */
const JUDGING = 64

/**
 * Builds the whole reachable graph, breadth first, without any reduction and without loss: what is asked of
 * it afterwards needs every state and every edge.
 * @param checkpoint where to leave checkpoints, and to go on from one.
 * @throws ModelError when the model is wrong; CheckpointError when a checkpoint cannot be used or written.
 */
export function exploreGraph(
  compiled: CompiledSystem,
  options: ExploreOptions = {},
  checkpoint: GraphCheckpoint | null = null,
): Explored {
  const { layout, initial } = compiled.system
  const graph = new LabelledGraph()
  const store = new VectorStore(layout.words, true)
  const { mostArrayBytes = MOST_ARRAY_BYTES, watch = new LimitWatch(options) } = options
  const visited = new ExactSet(store, undefined, mostArrayBytes)
  const successors = new Successors(compiled)
  const words = new Int32Array(layout.words)

  const bytes = (): number => store.bytes + visited.bytes + graph.bytes + JUDGING * store.count

  const more = PATIENCE * compiled.mostEnabled
  const growth = (): number => visited.growthFor(more) + graph.growthFor(PATIENCE, more)
  const lack = (): StopReason | null => {
    if (store.count + more > visited.mostStates) return { kind: 'table-full', table: 'visited states' }
    return graph.fits(PATIENCE, more, mostArrayBytes)
      ? null
      : { kind: 'table-full', table: 'steps between states' }
  }

  const parts = { graph, store, visited }
  const before = checkpoint?.resume(parts) ?? null
  if (before !== null) watch.goOnFrom(before.seconds)
  else {
    initial.forEach((encoded, index) => {
      layout.pack(encoded, words, 0)
      const id = visited.insertState(
        words,
        0,
        compiled.hash.hashLow(encoded),
        compiled.hash.hashHigh(encoded),
      )
      if (id < 0) graph.initial.push({ state: ~id, index })
    })
  }
  graph.states = store.count

  let stopped: StopReason | null = null
  let levelEnd = before?.levelEnd ?? store.count
  let depth = before?.depth ?? 0
  const save = (): void => checkpoint?.save(parts, watch.own)
  while (graph.expanded < store.count) {
    const id = graph.expanded
    if (id === levelEnd) {
      levelEnd = store.count
      depth++
    }
    if (watch.tooDeep(depth)) stopped = { kind: 'max-depth', depth }
    else if (id % PATIENCE === 0 || (options.maxStates !== undefined && store.count > options.maxStates))
      stopped = watch.exceeded(store.count, bytes(), growth()) ?? lack()
    if (id % PATIENCE === 0) {
      options.onProgress?.({
        states: store.count,
        transitions: graph.edges,
        frontier: store.count - id,
        depth,
        seconds: watch.seconds,
        bytes: bytes(),
      })
    }
    if (stopped !== null) break
    if (id % PATIENCE === 0 && checkpoint?.due === true) save()
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
      const record = successors.records[k]
      for (let w = 0; w < words.length; w++) words[w] = chunk[base + w]
      successors.apply(k, words, 0)
      const found = visited.insertState(
        words,
        0,
        low ^ compiled.records[record + RECORD.hashLow],
        high ^ compiled.records[record + RECORD.hashHigh],
      )
      graph.add(successors.steps[k], found < 0 ? ~found : found)
    }
    graph.close()
    store.expandedUpTo(graph.expanded)
  }
  save()
  graph.states = store.count
  return { graph, store, stopped }
}
