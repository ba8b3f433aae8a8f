import { join } from 'node:path'
import { z } from 'zod'
import type { Property } from '../../model/language/property.ts'
import type { System } from '../../model/language/system.ts'
import type { CompiledSystem } from '../compile/compiled-system.ts'
import type { Predicates } from '../compile/predicates.ts'
import type { Reductions } from '../reduce/reduction.ts'
import { type Refusal, reductionState } from '../reduce/reduction-state.ts'
import type { Edges } from '../search/edges.ts'
import type { Genealogy } from '../search/genealogy.ts'
import type { Judge } from '../search/judge.ts'
import type { VisitedSet } from '../state/batch.ts'
import type { VectorStore } from '../state/vector-store.ts'
import type { Section } from './checkpoint-files.ts'
import { CheckpointError } from './errors.ts'
import { removeCheckpoint } from './generations.ts'
import { identityOf } from './identity.ts'
import { FOLLOWING, type Places } from './places.ts'
import { type Manner, type Opened, RecordedCheckpoint, searchIn } from './recorded-checkpoint.ts'
import type { RecordingLog } from './recording-log.ts'

const count = z.number().int().nonnegative()
const positionShape = z.object({
  head: count,
  levelEnd: count,
  depth: count,
  transitions: count,
  seconds: z.number(),
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

/** Where a search stands between two states. */
export type Position = Readonly<z.infer<typeof positionShape>>

/** The parts of a search that a checkpoint holds. */
export interface SearchParts<W> {
  readonly system: System<W>
  readonly properties: readonly Property<W>[]
  readonly manner: Manner
  readonly compiled: CompiledSystem
  readonly predicates: Predicates
  readonly store: VectorStore
  /** What keeps the states or their fingerprints. */
  readonly fingerprints: VisitedSet
  readonly judge: Judge<W>
  /** The graph, where a property is judged on it. */
  readonly edges: Edges | null
  readonly reductions: Reductions
}

/** Writes and reads the checkpoints of one breadth-first search. */
export class SearchCheckpoint<W> {
  readonly #parts: SearchParts<W>
  readonly #places: Places
  readonly #files: RecordedCheckpoint

  /** @param log made before the parts, because it watches them. */
  constructor(parts: SearchParts<W>, places: Places, log: RecordingLog) {
    this.#parts = parts
    this.#places = places
    const { system, properties, manner, compiled, predicates, reductions } = parts
    const identity = identityOf(system, properties, reductions.symmetry?.description ?? null)
    this.#files = new RecordedCheckpoint({ identity, manner, compiled, predicates }, places, log)
  }

  /** Bytes held. */
  get bytes(): number {
    return this.#files.bytes
  }

  /** True when it is time to save. */
  get due(): boolean {
    return this.#files.due
  }

  /** Writes a checkpoint, if there is a place for it. @throws CheckpointError as `RecordedCheckpoint.save`. */
  save(position: Position, genealogy: Genealogy, initialOf: readonly number[]): void {
    const { store, fingerprints, judge, edges, reductions } = this.#parts
    const search: z.infer<typeof searchShape> = {
      position,
      initialOf: [...initialOf],
      large: genealogy.large,
      findings: [...judge.findings].map(([id, { state, step }]) => [id, { state, step }]),
      deadlocks: judge.deadlocks,
      reductions: reductions.state(),
    }
    const { partialOrder } = reductions
    const sections = {
      states: store.stateArrays(position.head),
      lanes: store.laneArrays(position.head),
      table: [fingerprints.contents as Int32Array],
      genealogy: genealogy.arrays(),
      ...(edges === null ? {} : this.#graph(edges)),
      ...(partialOrder === null ? {} : { chains: [partialOrder.lengths] }),
    }
    this.#files.save(position.head, store.count, search, sections, () => this.#forgetFollowing())
  }

  /**
   * Brings the parts to where the search of the checkpoint stood.
   * @param start makes the genealogy, which depends on the number of initial states.
   * @throws CheckpointError when the checkpoint is damaged or of another model, property set or manner.
   */
  resume(directory: string, start: (initialOf: readonly number[]) => Genealogy): Position {
    const opened = this.#files.open(directory)
    const { position, initialOf, large, findings, deadlocks, reductions } = searchOf(directory, opened.search)
    const { store, fingerprints, judge } = this.#parts
    store.restore(opened.states, position.head)
    opened.read('states', store.stateArrays(position.head))
    opened.read('lanes', store.laneArrays(position.head))
    const table = new Int32Array(opened.bytes('table') / 4)
    opened.read('table', [table])
    fingerprints.adopt?.(table)
    const genealogy = start(initialOf)
    genealogy.restore(opened.states, large)
    opened.read('genealogy', genealogy.arrays())
    judge.restore(findings, position.antecedents, deadlocks)
    this.#readGraph(opened)
    const lengths = new Uint16Array(opened.bytes('chains') / 2)
    if (reductions.partialOrder !== null) opened.read('chains', [lengths])
    this.#parts.reductions.restore(reductions, lengths)
    this.#files.goesOnFrom(directory, position.head)
    return position
  }

  /** What progress is judged on. */
  #graph(edges: Edges): Record<string, Section> {
    const [targets, first] = edges.arrays
    const { judge, store } = this.#parts
    return { targets: [targets], first: [first], goals: judge.goalArrays(store.count) }
  }

  #readGraph(opened: Opened): void {
    const { edges, judge, store } = this.#parts
    if (edges === null) return
    edges.restore(opened.bytes('targets') / 4, opened.bytes('first') / 8)
    const [targets, first] = edges.arrays
    opened.read('targets', [targets])
    opened.read('first', [first])
    opened.read('goals', judge.goalArrays(store.count))
  }

  /** A main search that is new in its place leaves nothing there of the searches that followed another one. */
  #forgetFollowing(): void {
    const { checkpoint } = this.#places
    if (checkpoint === undefined || this.#parts.reductions.stage !== 'main' || !this.#files.isFirst) return
    for (const name of FOLLOWING) removeCheckpoint(join(checkpoint.directory, name), FOLLOWING)
  }
}

/** The claims of symmetry that the search of a checkpoint had found false. @throws CheckpointError. */
export function refusedIn(directory: string): readonly Refusal[] {
  return searchOf(directory, searchIn(directory)).reductions.refused
}

function searchOf(directory: string, search: unknown): z.infer<typeof searchShape> {
  const found = searchShape.safeParse(search)
  if (!found.success)
    throw new CheckpointError(`the checkpoint in ${directory} is not one of a breadth-first search`)
  return found.data
}
