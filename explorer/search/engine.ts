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
import { Edges } from './edges.ts'
import { Expander } from './expander.ts'
import { Inheritance, successorCacheFor } from './inheritance.ts'
import { type ModelCode, modelCodeFor } from './model-code.ts'
import type { SearchOptions } from './search-options.ts'

/** The parts of a breadth-first search. */
export interface Engine extends ModelCode {
  readonly store: VectorStore
  /** Keeps the states or their fingerprints. */
  readonly table: StateTable
  /** Where successors are looked up: the table, or what a reduction put in front of it. */
  readonly visited: VisitedSet
  readonly expander: Expander | PartialOrderExpander
  /** Hands on to new states what is known of their steps; null where each state is looked at anew. */
  readonly inheritance: Inheritance | null
  /** The graph, where a property is judged on it. */
  readonly edges: Edges | null
  /** Null when the search neither leaves checkpoints nor goes on from one. */
  readonly checkpoint: SearchCheckpoint | null
}

/**
 * Puts the parts of one search together, in the order in which they need each other.
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

  // 1. What watches the recordings comes before everything that records.
  const isResumable = options.checkpoint !== undefined || options.resume !== undefined
  const log = isResumable ? new RecordingLog(system) : null
  // A resumed search makes its recordings again: they must not depend on what symmetry checked before.
  if (log !== null) symmetry?.forget()

  // 2. Model code, and who judges what it answers.
  const observed = observers(options.onRecord, log?.onRecord)
  const code = modelCodeFor(system, properties, { ...options, ...observed }, symmetry)
  const { compiled, classes } = code

  // 3. States. A persistent set is chosen for each state anew: nothing is handed on there.
  const { cacheWidth, entryBytes } = successorCacheFor(system)
  const handsOn = partialOrder === null && cacheWidth > 0
  const store = new VectorStore(
    system.layout.words,
    storage === 'exact',
    handsOn ? cacheWidth : 0,
    entryBytes,
  )

  // 4. The visited set, from the inside out: the table, one state per orbit, ends of chains.
  const table = visitedSetOf(store, options)
  const orbits = symmetry?.begin(table, store, compiled.hash) ?? null
  const chains = partialOrder?.begin(compiled, store, classes, orbits ?? table, orbits?.form ?? null) ?? null
  const visited = chains?.visited ?? orbits ?? table

  // 5. Successors, and what is known of them beforehand. Every edge is wanted where the graph is judged.
  const expander = chains?.expander ?? new Expander(compiled, store)
  const edges = storage === 'exact' && properties.some((p) => p.kind === 'progress') ? new Edges() : null
  const sleep = edges === null ? 'in-order' : 'never'
  const inheritance = handsOn ? new Inheritance(expander.lists, store, sleep) : null

  // 6. Checkpoints hold all of that.
  const parts = { ...code, store, table, visited, edges }
  const manner = { reduce, stage, storage, bits: table.bits ?? 0, seed }
  const checkpoint =
    log === null
      ? null
      : new SearchCheckpoint({ ...parts, system, properties, manner, reductions }, options, log)
  return { ...parts, expander, inheritance, checkpoint }
}

/** One observer of recordings for several. */
function observers(...all: readonly (CompileOptions['onRecord'] | undefined)[]): CompileOptions {
  const told = all.filter((o) => o !== undefined)
  if (told.length === 0) return {}
  return {
    onRecord: (recording) => {
      for (const observer of told) observer(recording)
    },
  }
}
