import type { Property } from '../../model/language/property.ts'
import type { System } from '../../model/language/system.ts'
import type { Checkpointing } from '../checkpoint/checkpointing.ts'
import type { SearchCheckpoint } from '../checkpoint/search-checkpoint.ts'
import { CompiledSystem, type CompileOptions } from '../compile/compiled-system.ts'
import { Predicates } from '../compile/predicates.ts'
import type { PartialOrderExpander } from '../reduce/partial-order/partial-order-expander.ts'
import type { Reductions } from '../reduce/reduction.ts'
import type { Symmetry } from '../reduce/symmetry/symmetry.ts'
import { ExactSet } from '../state/exact-set.ts'
import type { AllVectors } from '../state/shared-exact-set.ts'
import type { SharedTable } from '../state/shared-table.ts'
import type { StateTable, VisitedSet } from '../state/state-table.ts'
import { type ShareChunk, VectorStore } from '../state/vector-store.ts'
import { type StorageOptions, sharedSetOf, visitedSetOf } from '../state/visited-set.ts'
import { Expander } from './expander.ts'
import { EdgeList } from './parallel/edge-list.ts'
import type { Model } from './parallel/model.ts'
import { type DecidedAt, decidedAt, type PlaceOf, PropertyMonitor } from './property-monitor.ts'
import type { SearchOptions } from './search-options.ts'
import { StateGraph } from './state-graph.ts'
import { cacheSizesFor, SuccessorCache } from './successor-cache.ts'
import { Successors } from './successors.ts'
import { Valuations } from './valuations.ts'

/**
 * Builds the parts of every kind of search from its settings: in one thread, as one of several workers, by samples, and
 * one state at a time over a graph that is kept in full. Nothing else in this folder wires them together.
 */

/** The options of a search that matter to how model code runs. */
export type RecordingOptions = Pick<SearchOptions, 'seed' | 'recheck' | 'onRecord'>

/** The model code of a search: it runs once per combination of values it reads, and is looked up from then on. */
export interface ModelCode<Place> {
  readonly compiled: CompiledSystem
  readonly predicates: Predicates
  readonly valuations: Valuations
  readonly monitor: PropertyMonitor<Place>
}

/** The parts of a search that stores states and expands them in batches. */
interface BatchSearch extends ModelCode<DecidedAt> {
  readonly store: VectorStore
  /** Where successors are looked up: the table, or a reduction in front of it. */
  readonly visited: VisitedSet
  readonly expander: Expander | PartialOrderExpander
  /** Carries enabled steps over from states to their successors; null if they are always looked up. */
  readonly successorCache: SuccessorCache | null
}

/** The parts of a breadth-first search in one thread. */
export interface Engine extends BatchSearch {
  /** Keeps the states or their fingerprints. */
  readonly table: StateTable
  /** All edges, if a property is evaluated on them; else null. */
  readonly stateGraph: StateGraph | null
  /** Null if the search neither writes checkpoints nor resumes from one. */
  readonly checkpoint: SearchCheckpoint | null
}

/** The parts of one worker of a parallel search. It reduces nothing and writes no checkpoints. */
export interface WorkerEngine extends BatchSearch {
  readonly visited: StateTable
  /** The edges that it finds, if a property is evaluated on them; else null. */
  readonly edges: EdgeList | null
  readonly expander: Expander
}

/** The parts of one shard of a search over several machines: as those of a worker, with a separate table. */
export type ShardEngine = Omit<WorkerEngine, 'edges'>

/** What the workers of one search share, as one of them sees it. */
export interface Team {
  readonly table: SharedTable
  /** The states of all workers; `share` sends a chunk of the own ones to the others. */
  readonly exchange: AllVectors & { readonly share: ShareChunk }
  /** Number of this worker. */
  readonly me: number
}

/** What finds the successors of one state at a time. */
export interface Stepping {
  readonly successors: Successors
  /** Room for one packed state. */
  readonly words: Int32Array
}

/** The parts of a search that does not visit everything. */
export interface Sampler<Place> extends ModelCode<Place>, Stepping {}

/** The parts of a search that keeps every state in full, with a number. */
export interface FullSearch extends Stepping {
  readonly store: VectorStore
  readonly visited: ExactSet
}

/**
 * Builds a search in one thread.
 * @param checkpointing makes checkpoints, and must exist before anything records; null for none. It is passed in because
 *   workers, which write none, need not load it.
 * @throws ModelError when the model is wrong.
 */
export function engineFor(
  system: System,
  properties: readonly Property<never>[],
  options: SearchOptions,
  reductions: Reductions,
  checkpointing: Checkpointing | null,
): Engine {
  const { symmetry, partialOrder, asked: reduce, stage } = reductions
  const { storage = 'exact', seed = 1 } = options

  // A resumed search repeats its recordings: they must not depend on earlier checks of symmetry.
  if (checkpointing !== null) symmetry?.forget()
  const observed = observers(options.onRecord, checkpointing?.onRecord)
  const code = batchCode(system, properties, { ...options, ...observed }, symmetry)
  const { compiled, valuations } = code

  // Partial-order reduction chooses a persistent set in each state, so it uses no successor cache.
  const store = storeFor(system, options, partialOrder === null)

  // The visited set, from the inside out: the table, orbits, path compression.
  const table = visitedSetOf(store, options)
  const orbits = symmetry?.begin(table, store, compiled.hash) ?? null
  const compression =
    partialOrder?.begin(compiled, store, valuations, orbits ?? table, orbits?.form ?? null) ?? null
  const visited = compression?.visited ?? orbits ?? table

  // Sleep sets save look-ups, but the graph needs every edge.
  const expander = compression?.expander ?? new Expander(compiled, store)
  const stateGraph = needsEdges(properties, storage) ? new StateGraph() : null
  const sleep = stateGraph === null ? 'in-order' : 'never'
  const successorCache = store.cacheWidth > 0 ? new SuccessorCache(expander.lists, store, sleep) : null

  // Checkpoints hold all of the above.
  const parts = { ...code, store, table, visited, stateGraph }
  const configuration = { reduce, stage, storage, bits: table.bits ?? 0, seed }
  const checkpoint =
    checkpointing?.checkpointOf({ ...parts, system, properties, configuration, reductions }) ?? null
  return { ...parts, expander, successorCache, checkpoint }
}

/** Builds one worker of a parallel search. @throws ModelError when the model is wrong. */
export function workerEngineFor(
  { system, properties, onRecord }: Model,
  options: Omit<RecordingOptions, 'onRecord'> & StorageOptions,
  { table, exchange, me }: Team,
): WorkerEngine {
  const code = batchCode(system, properties, { ...options, ...observers(onRecord) })
  const store = storeFor(system, options, true, (chunk, arrays) => exchange.share(chunk, arrays))
  store.setGuestsAside()
  const visited = sharedSetOf(table, store, exchange, me, options)
  const expander = new Expander(code.compiled, store)
  const edges = needsEdges(properties, options.storage) ? new EdgeList() : null
  const sleep = edges === null ? 'by-level' : 'never'
  const successorCache = store.cacheWidth > 0 ? new SuccessorCache(expander.lists, store, sleep) : null
  return { ...code, store, visited, expander, successorCache, edges }
}

/** Whether a property is evaluated on all edges. They join states that must be known by number. */
const needsEdges = (
  properties: readonly Property<never>[],
  storage: StorageOptions['storage'] = 'exact',
): boolean => storage === 'exact' && properties.some((p) => p.kind === 'progress')

/** Builds one shard of a search over several machines, which stores fingerprints. @throws ModelError */
export function shardEngineFor(
  { system, properties, onRecord }: Model,
  options: Omit<RecordingOptions, 'onRecord'> & Omit<StorageOptions, 'storage'>,
): ShardEngine {
  const code = batchCode(system, properties, { ...options, ...observers(onRecord) })
  const storage = { ...options, storage: 'fingerprint' } as const
  const store = storeFor(system, storage, true)
  const visited = visitedSetOf(store, storage)
  const expander = new Expander(code.compiled, store)
  const successorCache = store.cacheWidth > 0 ? new SuccessorCache(expander.lists, store, 'by-level') : null
  return { ...code, store, visited, expander, successorCache }
}

/**
 * Builds a search that does not visit everything. It decides nothing on the graph, so goals that must always be possible
 * are not evaluated.
 * @param placeOf where a property was decided, in a state or by a step taken from it. Called for first findings only.
 * @throws ModelError when the model is wrong.
 */
export function samplerFor<Place>(
  system: System,
  properties: readonly Property<never>[],
  options: RecordingOptions,
  placeOf: PlaceOf<Place>,
): Sampler<Place> {
  const compiled = compiledFor(system, properties, options)
  const onStates = properties.filter(({ kind }) => kind !== 'progress')
  const code = codeFor(compiled, properties, onStates, options, null, placeOf)
  return { ...code, ...steppingOver(compiled) }
}

/** Builds a search over `compiled` that keeps every state in full. */
export function fullSearchOver(compiled: CompiledSystem, mostArrayBytes?: number): FullSearch {
  const store = new VectorStore(compiled.system.layout.words, true)
  const visited = new ExactSet(store, undefined, mostArrayBytes)
  return { store, visited, ...steppingOver(compiled) }
}

const steppingOver = (compiled: CompiledSystem): Stepping => ({
  successors: new Successors(compiled),
  words: new Int32Array(compiled.system.layout.words),
})

/**
 * The steps of a system, with the action properties that are evaluated on them.
 * @throws ModelError when the model is wrong.
 */
export function compiledFor(
  system: System,
  properties: readonly Property<never>[],
  { seed = 1, recheck = 'sample', onRecord }: RecordingOptions,
  more: Pick<CompileOptions, 'widen'> = {},
): CompiledSystem {
  return new CompiledSystem(system, {
    actions: properties.filter((p) => p.kind === 'action'),
    seed,
    recheck,
    ...(onRecord === undefined ? {} : { onRecord }),
    ...more,
  })
}

function batchCode(
  system: System,
  properties: readonly Property<never>[],
  options: RecordingOptions,
  symmetry: Symmetry | null = null,
): ModelCode<DecidedAt> {
  const widen = symmetry === null ? {} : { widen: symmetry.widenStep }
  const compiled = compiledFor(system, properties, options, widen)
  return codeFor(compiled, properties, properties, options, symmetry, decidedAt)
}

/** @param onStates the properties whose predicates are evaluated on states. */
function codeFor<Place>(
  compiled: CompiledSystem,
  properties: readonly Property<never>[],
  onStates: readonly Property<never>[],
  { recheck = 'sample' }: RecordingOptions,
  symmetry: Symmetry | null,
  placeOf: PlaceOf<Place>,
): ModelCode<Place> {
  const { system } = compiled
  const list = PropertyMonitor.predicatesOf(onStates)
  const predicates = new Predicates(system, list, recheck, symmetry?.widenPredicate)
  const valuations = new Valuations(predicates, compiled)
  const monitor = new PropertyMonitor(system, properties, predicates, valuations, placeOf)
  return { compiled, predicates, valuations, monitor }
}

function storeFor(
  system: System,
  { storage = 'exact' }: StorageOptions,
  isCached: boolean,
  share?: ShareChunk,
): VectorStore {
  const { cacheWidth, entryBytes } = cacheSizesFor(system)
  return new VectorStore(
    system.layout.words,
    storage === 'exact',
    isCached ? cacheWidth : 0,
    entryBytes,
    share,
  )
}

/** Combines several observers of recordings into one. */
function observers(
  ...all: readonly (CompileOptions['onRecord'] | undefined)[]
): Pick<RecordingOptions, 'onRecord'> {
  const present = all.filter((o) => o !== undefined)
  if (present.length === 0) return {}
  return {
    onRecord: (recording) => {
      for (const observer of present) observer(recording)
    },
  }
}
