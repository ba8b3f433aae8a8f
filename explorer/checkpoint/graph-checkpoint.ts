import { z } from 'zod'
import type { CompiledSystem } from '../compile/compiled-system.ts'
import { FAULT, type LabelledGraph } from '../search/liveness/labelled-graph.ts'
import { Successors } from '../search/successors.ts'
import type { ExactSet } from '../state/exact-set.ts'
import { VectorStore } from '../state/vector-store.ts'
import type { CheckpointPaths } from './checkpoint-paths.ts'
import { CheckpointError, withinMemory } from './errors.ts'
import { sampleOf } from './expansion-check.ts'
import { RecordedCheckpoint } from './recorded-checkpoint.ts'
import type { RecordingLog } from './recording-log.ts'
import { restoreStates } from './restore-states.ts'
import { searchIdentityOf } from './search-identity.ts'

/** The position of the exploration and its initial states follow from the graph. */
const graphShape = z.strictObject({ seconds: z.number().nonnegative() })

/**
 * Where an exploration resumes: `depth` is that of the state expanded last, `levelEnd` the first state that is
 * deeper.
 */
export interface GraphPosition {
  readonly depth: number
  readonly levelEnd: number
  /** Seconds spent so far. */
  readonly seconds: number
}

/** The parts of an exploration of the whole graph. */
export interface GraphParts {
  readonly graph: LabelledGraph
  readonly store: VectorStore
  readonly visited: ExactSet
}

/** Writes and reads the checkpoints of an exploration of the whole graph. */
export class GraphCheckpoint {
  readonly #compiled: CompiledSystem
  readonly #files: RecordedCheckpoint
  readonly #resume: string | undefined

  /**
   * @param seed of the hash functions.
   * @param log gets every recording of the compiled system, from the first.
   */
  constructor(compiled: CompiledSystem, seed: number, paths: CheckpointPaths, log: RecordingLog) {
    // The graph does not depend on the properties that are evaluated on it.
    this.#compiled = compiled
    const identity = searchIdentityOf(compiled.system, [], null)
    this.#files = new RecordedCheckpoint(
      { identity, configuration: { graph: 'whole', seed }, compiled },
      paths,
      log,
    )
    this.#resume = paths.resume
  }

  /** Whether a checkpoint is due. */
  get due(): boolean {
    return this.#files.due
  }

  /** Writes a checkpoint, if they were asked for. @throws CheckpointError when that fails. */
  save({ graph, store }: GraphParts, seconds: number): void {
    const search: z.infer<typeof graphShape> = { seconds }
    const [first, targets, labels] = graph.arrays
    this.#files.save(graph.expanded, store.count, search, {
      states: store.stateArrays(graph.expanded),
      first: [first],
      targets: [targets],
      labels: [labels],
    })
  }

  /**
   * Restores the parts, which must be new, from a checkpoint; null if there is none to resume from.
   * @throws CheckpointError when it is damaged or of another model or seed.
   */
  resume(parts: GraphParts): GraphPosition | null {
    const directory = this.#resume
    return directory === undefined ? null : withinMemory(directory, () => this.#read(directory, parts))
  }

  #read(directory: string, { graph, store, visited }: GraphParts): GraphPosition {
    const opened = this.#files.open(directory)
    const found = graphShape.safeParse(opened.search)
    if (!found.success) throw new CheckpointError(`the checkpoint in ${directory} is not one of a graph`)
    const expanded = opened.bytes('first') / 8 - 1
    if (!Number.isInteger(expanded) || expanded < 0) throw opened.damaged('first has another length')
    restoreStates({ compiled: this.#compiled, store, table: visited }, opened, expanded, opened.states)
    graph.restore(expanded, opened.bytes('targets') / 4)
    const [first, targets, labels] = graph.arrays
    opened.read('first', [first])
    opened.read('targets', [targets])
    opened.read('labels', [labels])
    if (!this.#findInitial(graph, visited)) throw opened.damaged('its first states are not the initial ones')
    const level = graph.levelAt(graph.initial.length, opened.states, this.#compiled.steps.length)
    if (level === null) throw opened.damaged('its edges are not those between its states')
    for (const state of sampleOf(0, expanded))
      if (!this.#isExpanded(state, { graph, store, visited }))
        throw opened.damaged(`the edges of state ${state} are not those of the model`)
    this.#files.resumedFrom(directory, expanded)
    return { ...level, seconds: found.data.seconds }
  }

  /** Determines the initial states; false if they are not the first states. */
  #findInitial(graph: LabelledGraph, visited: ExactSet): boolean {
    const { hash, system } = this.#compiled
    const words = new Int32Array(system.layout.words)
    for (const [index, encoded] of system.initial.entries()) {
      system.layout.pack(encoded, words, 0)
      const state = visited.insertState(words, 0, hash.hashLow(encoded), hash.hashHigh(encoded))
      if (state < 0 || state > graph.initial.length) return false
      if (state === graph.initial.length) graph.initial.push({ state, index })
    }
    return true
  }

  /** Whether the edges of a state are those of the model. */
  #isExpanded(state: number, { graph, store, visited }: GraphParts): boolean {
    const { hash, system } = this.#compiled
    const { layout } = system
    const successors = new Successors(this.#compiled)
    const chunk = store.chunks[state >>> VectorStore.chunkBits]
    const base = (state & VectorStore.chunkMask) * store.words
    const edge = graph.first[state]
    if (successors.find(chunk, base) !== graph.first[state + 1] - edge) return false
    const words = new Int32Array(layout.words)
    const encoded = new Uint16Array(layout.fields.length)
    for (let k = 0; k < successors.count; k++) {
      if (graph.labels[edge + k] !== successors.steps[k]) return false
      if (successors.faults(k)) {
        if (graph.targets[edge + k] !== FAULT) return false
        continue
      }
      words.set(chunk.subarray(base, base + words.length))
      successors.apply(k, words, 0)
      layout.unpack(words, 0, encoded)
      if (
        graph.targets[edge + k] !==
        visited.insertState(words, 0, hash.hashLow(encoded), hash.hashHigh(encoded))
      )
        return false
    }
    return true
  }
}
