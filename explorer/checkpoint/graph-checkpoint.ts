import { z } from 'zod'
import type { System } from '../../model/language/system.ts'
import type { CompiledSystem } from '../compile/compiled-system.ts'
import type { LabelledGraph } from '../search/liveness/graph.ts'
import type { ExactSet } from '../state/exact-set.ts'
import type { VectorStore } from '../state/vector-store.ts'
import { CheckpointError } from './errors.ts'
import { identityOf } from './identity.ts'
import type { Places } from './places.ts'
import { RecordedCheckpoint } from './recorded-checkpoint.ts'
import type { RecordingLog } from './recording-log.ts'

const count = z.number().int().nonnegative()
const positionShape = z.object({ depth: count, levelEnd: count, seconds: z.number() })
const graphShape = z.object({
  position: positionShape,
  initial: z.array(z.object({ state: count, index: count })),
})

/** Where an exploration stands between two states. */
export type GraphPosition = Readonly<z.infer<typeof positionShape>>

/** What an exploration of the whole graph has found. */
export interface GraphParts {
  readonly graph: LabelledGraph
  readonly store: VectorStore
  readonly visited: ExactSet
}

/** Writes and reads the checkpoints of an exploration whose graph is judged when it is whole. */
export class GraphCheckpoint {
  readonly #files: RecordedCheckpoint
  readonly #resume: string | undefined

  /**
   * @param seed of the hash functions.
   * @param log told of every recording of the compiled system from the beginning.
   */
  constructor(compiled: CompiledSystem, seed: number, places: Places, log: RecordingLog) {
    // Which properties are judged on the graph makes no difference to it.
    const identity = identityOf(compiled.system as System, [], null)
    this.#files = new RecordedCheckpoint(
      { identity, manner: { graph: 'whole', seed }, compiled },
      places,
      log,
    )
    this.#resume = places.resume
  }

  /** True when it is time to save. */
  get due(): boolean {
    return this.#files.due
  }

  /** Writes a checkpoint, if there is a place for it. @throws CheckpointError when that fails. */
  save({ graph, store, visited }: GraphParts, position: GraphPosition): void {
    const search: z.infer<typeof graphShape> = { position, initial: [...graph.initial] }
    const [first, targets, labels] = graph.arrays
    this.#files.save(graph.expanded, store.count, search, {
      states: store.stateArrays(graph.expanded),
      lanes: store.laneArrays(graph.expanded),
      table: [visited.contents],
      first: [first],
      targets: [targets],
      labels: [labels],
    })
  }

  /**
   * Brings the parts, which are new, to where the exploration of the checkpoint stood; null when there is none
   * to go on from.
   * @throws CheckpointError when it is damaged or of another model or seed.
   */
  resume({ graph, store, visited }: GraphParts): GraphPosition | null {
    const directory = this.#resume
    if (directory === undefined) return null
    const opened = this.#files.open(directory)
    const found = graphShape.safeParse(opened.search)
    if (!found.success) throw new CheckpointError(`the checkpoint in ${directory} is not one of a graph`)
    const { position, initial } = found.data
    const expanded = opened.bytes('first') / 8 - 1
    store.restore(opened.states, expanded)
    opened.read('states', store.stateArrays(expanded))
    opened.read('lanes', store.laneArrays(expanded))
    const table = new Int32Array(opened.bytes('table') / 4)
    opened.read('table', [table])
    visited.adopt(table)
    graph.initial.push(...initial)
    graph.restore(expanded, opened.bytes('targets') / 4)
    const [first, targets, labels] = graph.arrays
    opened.read('first', [first])
    opened.read('targets', [targets])
    opened.read('labels', [labels])
    this.#files.goesOnFrom(directory, expanded)
    return position
  }
}
