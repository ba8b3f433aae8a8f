import type { Property } from '../../model/language/property.ts'
import type { System } from '../../model/language/system.ts'
import { RecordingLog } from '../checkpoint/recording-log.ts'
import { SearchCheckpoint } from '../checkpoint/search-checkpoint.ts'
import type { CompileOptions } from '../compile/compiled-system.ts'
import type { PartialOrderExpander } from '../reduce/partial-order/partial-order-expander.ts'
import type { Reductions } from '../reduce/reduction.ts'
import type { StateTable, VisitedSet } from '../state/state-table.ts'
import { VectorStore } from '../state/vector-store.ts'
import { visitedSetOf } from '../state/visited-set.ts'
import { Expander } from './expander.ts'
import { type ModelCode, modelCodeFor } from './model-code.ts'
import type { SearchOptions } from './search-options.ts'
import { StateGraph } from './state-graph.ts'
import { cacheSizesFor, SuccessorCache } from './successor-cache.ts'

/** The parts of a breadth-first search. */
export interface Engine extends ModelCode {
  readonly store: VectorStore
  /** Keeps the states or their fingerprints. */
  readonly table: StateTable
  /** Where successors are looked up: the table, or a reduction in front of it. */
  readonly visited: VisitedSet
  readonly expander: Expander | PartialOrderExpander
  /** Carries enabled steps over from states to their successors; null if they are always looked up. */
  readonly successorCache: SuccessorCache | null
  /** All edges, if a property is evaluated on them; else null. */
  readonly stateGraph: StateGraph | null
  /** Null if the search neither writes checkpoints nor resumes from one. */
  readonly checkpoint: SearchCheckpoint | null
}

/**
 * Assembles the parts of one search in the order of their dependencies.
 * @throws ModelError when the model is wrong.
 */
export function engineFor(
  system: System,
  properties: readonly Property<never>[],
  options: SearchOptions,
  reductions: Reductions,
): Engine {
  const { symmetry, partialOrder, asked: reduce, stage } = reductions
  const { storage = 'exact', seed = 1 } = options

  // 1. The log of recordings must exist before anything records.
  const isResumable = options.checkpoint !== undefined || options.resume !== undefined
  const log = isResumable ? new RecordingLog(system) : null
  // A resumed search repeats its recordings: they must not depend on earlier checks of symmetry.
  if (log !== null) symmetry?.forget()

  // 2. Model code, and the monitor of the properties.
  const observed = observers(options.onRecord, log?.onRecord)
  const code = modelCodeFor(system, properties, { ...options, ...observed }, symmetry)
  const { compiled, valuations } = code

  // 3. States. Partial-order reduction chooses a persistent set in each state, so it uses no successor cache.
  const { cacheWidth, entryBytes } = cacheSizesFor(system)
  const isCached = partialOrder === null && cacheWidth > 0
  const store = new VectorStore(
    system.layout.words,
    storage === 'exact',
    isCached ? cacheWidth : 0,
    entryBytes,
  )

  // 4. The visited set, from the inside out: the table, orbits, path compression.
  const table = visitedSetOf(store, options)
  const orbits = symmetry?.begin(table, store, compiled.hash) ?? null
  const compression =
    partialOrder?.begin(compiled, store, valuations, orbits ?? table, orbits?.form ?? null) ?? null
  const visited = compression?.visited ?? orbits ?? table

  // 5. Successors and their cache. Sleep sets save look-ups, but the graph needs every edge.
  const expander = compression?.expander ?? new Expander(compiled, store)
  const stateGraph =
    storage === 'exact' && properties.some((p) => p.kind === 'progress') ? new StateGraph() : null
  const sleep = stateGraph === null ? 'in-order' : 'never'
  const successorCache = isCached ? new SuccessorCache(expander.lists, store, sleep) : null

  // 6. Checkpoints hold all of the above.
  const parts = { ...code, store, table, visited, stateGraph }
  const configuration = { reduce, stage, storage, bits: table.bits ?? 0, seed }
  const checkpoint =
    log === null
      ? null
      : new SearchCheckpoint({ ...parts, system, properties, configuration, reductions }, options, log)
  return { ...parts, expander, successorCache, checkpoint }
}

/** Combines several observers of recordings into one. */
function observers(...all: readonly (CompileOptions['onRecord'] | undefined)[]): CompileOptions {
  const present = all.filter((o) => o !== undefined)
  if (present.length === 0) return {}
  return {
    onRecord: (recording) => {
      for (const observer of present) observer(recording)
    },
  }
}
