import type { GraphCheckpoint } from '../../checkpoint/graph-checkpoint.ts'
import type { CompiledSystem } from '../../compile/compiled-system.ts'
import { RECORD } from '../../compile/transition-record.ts'
import { MOST_ARRAY_BYTES } from '../../state/array-bounds.ts'
import { SIZES } from '../../state/sizes.ts'
import { VectorStore } from '../../state/vector-store.ts'
import { fullSearchOver } from '../composition.ts'
import { LimitWatch } from '../limit-watch.ts'
import type { Limits } from '../limits.ts'
import type { Progress } from '../search-options.ts'
import type { StopReason } from '../stop-reason.ts'
import { FAULT, LabelledGraph } from './labelled-graph.ts'

/** A graph of states, with the states stored in full. */
export interface Explored {
  readonly graph: LabelledGraph
  readonly store: VectorStore
  /** Why the graph is not complete, or null. */
  readonly stopped: StopReason | null
}

/** Limits and callbacks of an exploration. */
export interface ExploreOptions extends Limits {
  /** Watches the limits. Default: a new one for `Limits`. */
  readonly watch?: LimitWatch
  /** Most bytes of one array. Default: the limit of the JavaScript engine. */
  readonly mostArrayBytes?: number
  /** Called now and then. */
  readonly onProgress?: (progress: Progress) => void
}

/** States expanded between two checks of the limits. */
const INTERVAL = SIZES.look
/** Bytes per state for evaluating properties on the graph: components, marks, shortest paths. */
const EVALUATION_BYTES = 64

/**
 * Builds the whole reachable graph, breadth first, without reduction and with all states in full, because liveness
 * needs every state and every edge.
 * @param checkpoint writes checkpoints and resumes from one; null for none.
 * @throws ModelError when the model is wrong; CheckpointError when a checkpoint cannot be used or written.
 */
export function exploreGraph(
  compiled: CompiledSystem,
  options: ExploreOptions = {},
  checkpoint: GraphCheckpoint | null = null,
): Explored {
  const { layout, initial } = compiled.system
  const graph = new LabelledGraph()
  const { mostArrayBytes = MOST_ARRAY_BYTES, watch = new LimitWatch(options) } = options
  const { store, visited, successors, words } = fullSearchOver(compiled, mostArrayBytes)

  const bytes = (): number => store.bytes + visited.bytes + graph.bytes + EVALUATION_BYTES * store.count

  const more = INTERVAL * compiled.mostEnabled
  const growth = (): number => visited.growthFor(more) + graph.growthFor(INTERVAL, more)
  const lack = (): StopReason | null => {
    if (store.count + more > visited.mostStates) return { kind: 'table-full', table: 'visited states' }
    return graph.fits(INTERVAL, more, mostArrayBytes)
      ? null
      : { kind: 'table-full', table: 'steps between states' }
  }

  const parts = { graph, store, visited }
  const before = checkpoint?.resume(parts) ?? null
  if (before !== null) watch.resumeFrom(before.seconds)
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
    else if (id % INTERVAL === 0 || (options.maxStates !== undefined && store.count > options.maxStates))
      stopped = watch.exceeded(store.count, bytes(), growth()) ?? lack()
    if (id % INTERVAL === 0) {
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
    if (id % INTERVAL === 0 && checkpoint?.due === true) save()
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
