import { join } from 'node:path'
import { z } from 'zod'
import type { Property } from '../../model/language/property.ts'
import type { System } from '../../model/language/system.ts'
import type { CompiledSystem } from '../compile/compiled-system.ts'
import type { Predicates } from '../compile/predicates.ts'
import type { Reductions } from '../reduce/reduction.ts'
import { type Refusal, reductionState } from '../reduce/reduction-state.ts'
import type { ParentTable } from '../search/parent-table.ts'
import type { PropertyMonitor } from '../search/property-monitor.ts'
import type { StateGraph } from '../search/state-graph.ts'
import type { StateTable, VisitedSet } from '../state/state-table.ts'
import type { VectorStore } from '../state/vector-store.ts'
import { type CheckpointPaths, FOLLOWING } from './checkpoint-paths.ts'
import { CheckpointError, withinMemory } from './errors.ts'
import { contradictionIn } from './evidence.ts'
import { missingIn } from './expansion-check.ts'
import { removeCheckpoint } from './generations.ts'
import { type Opened, RecordedCheckpoint, type SearchConfiguration, searchIn } from './recorded-checkpoint.ts'
import type { RecordingLog } from './recording-log.ts'
import { restoreStates } from './restore-states.ts'
import { searchIdentityOf } from './search-identity.ts'

const count = z.int().nonnegative()
const positionShape = z.object({
  /** The first state that is not expanded. Its level follows from the parent table. */
  head: count,
  transitions: count,
  seconds: z.number().nonnegative(),
  /** By step, antecedents by property. */
  fired: z.array(count),
  antecedents: z.array(count),
})
const searchShape = z.object({
  position: positionShape,
  initialOf: z.array(count),
  large: z.array(z.tuple([count, count])),
  findings: z.array(z.tuple([z.string(), z.object({ state: count, step: count.nullable() })])),
  deadlocks: count,
  reductions: reductionState,
})

/** The position of a search between two expansions, as it is saved. */
export type Position = Readonly<z.infer<typeof positionShape>>

/** Where a search resumes: `depth` is that of the state expanded last, `levelEnd` the first state that is deeper. */
export type Resumed = Position & { readonly depth: number; readonly levelEnd: number }

/** The parts of a search that a checkpoint holds. */
export interface SearchParts {
  readonly system: System
  readonly properties: readonly Property<never>[]
  readonly configuration: SearchConfiguration
  readonly compiled: CompiledSystem
  readonly predicates: Predicates
  readonly store: VectorStore
  readonly visited: VisitedSet
  /** The table inside the visited set. */
  readonly table: StateTable
  readonly monitor: PropertyMonitor
  /** All edges, if a property is evaluated on them; else null. */
  readonly stateGraph: StateGraph | null
  readonly reductions: Reductions
}

type Found = z.infer<typeof searchShape>

/** Writes and reads the checkpoints of one breadth-first search. */
export class SearchCheckpoint {
  readonly #parts: SearchParts
  readonly #files: RecordedCheckpoint
  readonly #log: RecordingLog

  /** @param log must exist before the parts, because it records what they do. */
  constructor(parts: SearchParts, paths: CheckpointPaths, log: RecordingLog) {
    this.#parts = parts
    this.#log = log
    const { system, properties, configuration, compiled, predicates, reductions } = parts
    const identity = searchIdentityOf(system, properties, reductions.symmetry?.description ?? null)
    this.#files = new RecordedCheckpoint({ identity, configuration, compiled, predicates }, paths, log)
  }

  /** Bytes used. */
  get bytes(): number {
    return this.#files.bytes
  }

  /** Whether a checkpoint is due. */
  get due(): boolean {
    return this.#files.due
  }

  /** Writes a checkpoint, if they were asked for. @throws CheckpointError as `RecordedCheckpoint.save`. */
  save(position: Position, parents: ParentTable, initialOf: readonly number[]): void {
    const { store, table, monitor, stateGraph, reductions } = this.#parts
    const search: z.infer<typeof searchShape> = {
      position,
      initialOf: [...initialOf],
      large: parents.large,
      findings: [...monitor.findings].map(([id, { state, step }]) => [id, { state, step }]),
      deadlocks: monitor.deadlocks,
      reductions: reductions.state(),
    }
    const { partialOrder } = reductions
    const sections = {
      states: store.stateArrays(position.head),
      ...(table.contents === undefined ? {} : { table: [table.contents] }),
      genealogy: parents.arrays(),
      ...(stateGraph === null ? {} : { targets: [stateGraph.arrays[0]], first: [stateGraph.arrays[1]] }),
      ...(partialOrder === null ? {} : { chains: [pathLengthsOf(partialOrder.lengths, store.count)] }),
    }
    this.#files.save(position.head, store.count, search, sections, (directory) =>
      this.#removeFollowing(directory),
    )
  }

  /**
   * Restores the parts from a checkpoint, and checks it as far as possible.
   * @param start creates the parent table, which depends on the number of initial states.
   * @throws CheckpointError when the checkpoint is damaged or of another model, property set or configuration.
   */
  resume(directory: string, start: (initialOf: readonly number[]) => ParentTable): Resumed {
    return withinMemory(directory, () => this.#read(directory, start))
  }

  #read(directory: string, start: (initialOf: readonly number[]) => ParentTable): Resumed {
    const opened = this.#files.open(directory)
    const found = searchOf(directory, opened.search)
    const { initialOf, position } = found
    // This must come first: later steps record transitions that are not in the checkpoint.
    const contradiction = this.#contradiction(opened, found)
    if (contradiction !== null) throw opened.damaged(contradiction)
    const { monitor, stateGraph } = this.#parts
    const visit: PropertyMonitor['restoreGoals'] = (id, words, base) => monitor.restoreGoals(id, words, base)
    restoreStates(this.#parts, opened, position.head, opened.states, stateGraph === null ? undefined : visit)
    const level = this.#readParents(opened, found, start)
    this.#readGraph(opened, position.head)
    const missing = missingIn(this.#parts, position.head, initialOf)
    if (missing !== null) throw opened.damaged(missing)
    monitor.restore(found.findings, position.antecedents, found.deadlocks)
    this.#restoreReductions(opened, found.reductions)
    this.#files.resumedFrom(directory, position.head)
    return { ...position, ...level }
  }

  #readParents(
    opened: Opened,
    { initialOf, large, position }: Found,
    start: (initialOf: readonly number[]) => ParentTable,
  ): { readonly depth: number; readonly levelEnd: number } {
    const { initial } = this.#parts.system
    const isAscending = initialOf.every(
      (index, n) => index < initial.length && (n === 0 || index > initialOf[n - 1]),
    )
    if (!isAscending) throw opened.damaged('its initial states are not those of the model')
    const parents = start(initialOf)
    parents.restore(opened.states, large)
    opened.read('genealogy', parents.arrays())
    const level = parents.levelAt(position.head, this.#parts.compiled.steps.length)
    if (level === null) throw opened.damaged('no search leaves such a parent table')
    return level
  }

  #readGraph(opened: Opened, head: number): void {
    const { stateGraph } = this.#parts
    if (stateGraph === null) return
    stateGraph.restore(opened.bytes('targets') / 4, opened.bytes('first') / 8)
    const [targets, first] = stateGraph.arrays
    opened.read('targets', [targets])
    opened.read('first', [first])
    if (!stateGraph.isOf(head, opened.states))
      throw opened.damaged('its edges are not those between its states')
  }

  #contradiction({ states }: Opened, { position, findings, deadlocks }: Found): string | null {
    const { properties, compiled, reductions } = this.#parts
    return contradictionIn({ ...position, states, findings: new Map(findings), deadlocks }, properties, {
      compiled,
      hadValue: (predicate, value) => this.#log.hadValue(predicate, value),
      looksAhead: reductions.partialOrder !== null,
    })
  }

  #restoreReductions(opened: Opened, state: Found['reductions']): void {
    const { reductions } = this.#parts
    const lengths =
      reductions.partialOrder === null ? new Uint16Array(0) : opened.numbers('chains', Uint16Array)
    if (reductions.partialOrder !== null && lengths.length !== opened.states)
      throw opened.damaged('chains has another length')
    const { symmetry, partialOrder } = reductions
    if (
      (state.symmetry === null) !== (symmetry === null) ||
      (state.partialOrder === null) !== (partialOrder === null)
    )
      throw opened.damaged('it has other reductions than it says')
    reductions.restore(state, lengths)
  }

  /** Before a new main search first writes: removes the checkpoints of the searches that followed an older one. */
  #removeFollowing(directory: string): void {
    if (this.#parts.reductions.stage !== 'main' || !this.#files.isFirst) return
    for (const name of FOLLOWING) removeCheckpoint(join(directory, name), FOLLOWING)
  }
}

/** The lengths of the compressed paths to the first `states` states; 0 for the others. */
function pathLengthsOf(lengths: Uint16Array, states: number): Uint16Array {
  const all = new Uint16Array(states)
  all.set(lengths.subarray(0, states))
  return all
}

/** The claims of symmetry that the search of a checkpoint had refuted. @throws CheckpointError. */
export function refusedIn(directory: string): readonly Refusal[] {
  return searchOf(directory, searchIn(directory)).reductions.refused
}

function searchOf(directory: string, search: unknown): z.infer<typeof searchShape> {
  const found = searchShape.safeParse(search)
  if (!found.success)
    throw new CheckpointError(`the checkpoint in ${directory} is not one of a breadth-first search`)
  return found.data
}
