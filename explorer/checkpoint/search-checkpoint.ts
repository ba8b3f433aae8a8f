import { z } from 'zod'
import type { Property } from '../../model/language/property.ts'
import type { System } from '../../model/language/system.ts'
import type { CompiledSystem } from '../compile/compiled-system.ts'
import type { Predicates } from '../compile/predicates.ts'
import type { Genealogy } from '../search/genealogy.ts'
import type { Judge } from '../search/judge.ts'
import type { VisitedSet } from '../state/batch.ts'
import type { VectorStore } from '../state/vector-store.ts'
import { type CheckpointReader, readCheckpoint, writeCheckpoint } from './checkpoint-files.ts'
import { CheckpointError } from './errors.ts'
import { identityOf } from './identity.ts'
import type { RecordingLog } from './recording-log.ts'

/** When and where a search leaves checkpoints. */
export interface CheckpointOptions {
  readonly directory: string
  /** Seconds between two checkpoints. Default 60. */
  readonly every?: number
}

/** Where a search stands between two states. */
export interface Position {
  readonly head: number
  readonly levelEnd: number
  readonly depth: number
  readonly transitions: number
  readonly seconds: number
  /** By step, antecedents by property. */
  readonly fired: readonly number[]
  readonly antecedents: readonly number[]
}

/** The parts of a search that a checkpoint holds. */
export interface SearchParts<W> {
  readonly system: System<W>
  readonly properties: readonly Property<W>[]
  readonly manner: { readonly storage: string; readonly bits: number; readonly seed: number }
  readonly compiled: CompiledSystem
  readonly predicates: Predicates
  readonly store: VectorStore
  readonly visited: VisitedSet
  readonly judge: Judge<W>
}

const count = z.number().int().nonnegative()
const metaShape = z.object({
  identity: z.string(),
  manner: z.object({ storage: z.string(), bits: count, seed: z.number() }),
  states: count,
  position: z.object({
    head: count,
    levelEnd: count,
    depth: count,
    transitions: count,
    seconds: z.number(),
    fired: z.array(count),
    antecedents: z.array(count),
  }),
  initialOf: z.array(count),
  large: z.array(z.tuple([count, count])),
  findings: z.array(z.tuple([z.string(), z.object({ state: count, step: count.nullable() })])),
  deadlocks: count,
})

/** Share of the time that may go into checkpoints: after a slow one the next is later than asked for. */
const MOST_SHARE = 0.1

/** Writes and reads the checkpoints of one search. */
export class SearchCheckpoint<W> {
  readonly #parts: SearchParts<W>
  readonly #options: CheckpointOptions | undefined
  readonly #log: RecordingLog
  #next: number

  /** @param log made before the parts, because it watches them. */
  constructor(parts: SearchParts<W>, options: CheckpointOptions | undefined, log: RecordingLog) {
    this.#parts = parts
    this.#options = options
    this.#log = log
    parts.predicates.onAnswer = log.onAnswer
    this.#next = performance.now() + 1000 * (options?.every ?? 60)
  }

  /** True when it is time to save. */
  get due(): boolean {
    return this.#options !== undefined && performance.now() >= this.#next
  }

  /** Writes a checkpoint, if there is a place for it. @throws CheckpointError when that fails. */
  save(position: Position, genealogy: Genealogy, initialOf: readonly number[]): void {
    if (this.#options === undefined) return
    const start = performance.now()
    const { system, properties, manner, store, visited, judge } = this.#parts
    const meta: z.infer<typeof metaShape> = {
      identity: identityOf(system, properties),
      manner,
      states: store.count,
      position: { ...position, fired: [...position.fired], antecedents: [...position.antecedents] },
      initialOf: [...initialOf],
      large: genealogy.large,
      findings: [...judge.findings].map(([id, { state, step }]) => [id, { state, step }]),
      deadlocks: judge.deadlocks,
    }
    writeCheckpoint(this.#options.directory, meta, {
      recordings: [this.#log.entries],
      states: store.stateArrays(position.head),
      lanes: store.laneArrays(position.head),
      table: [visited.contents as Int32Array],
      genealogy: genealogy.arrays(),
    })
    const now = performance.now()
    this.#next = now + Math.max(1000 * (this.#options.every ?? 60), (now - start) / MOST_SHARE)
  }

  /**
   * Brings the parts to where the search of the checkpoint stood.
   * @param start makes the genealogy, which depends on the number of initial states.
   * @throws CheckpointError when the checkpoint is damaged or of another model, property set or storage.
   */
  resume(directory: string, start: (initialOf: readonly number[]) => Genealogy): Position {
    const reader = readCheckpoint(directory)
    const parsed = metaShape.safeParse(reader.meta)
    if (!parsed.success) throw new CheckpointError(`the checkpoint in ${directory} is not one of a search`)
    const meta = parsed.data
    this.#compare(directory, meta)
    this.#repeat(directory, reader)
    const { store, visited, judge } = this.#parts
    const { position } = meta
    store.restore(meta.states, position.head)
    reader.read('states', store.stateArrays(position.head))
    reader.read('lanes', store.laneArrays(position.head))
    const table = new Int32Array(reader.bytes('table') / 4)
    reader.read('table', [table])
    visited.adopt?.(table)
    const genealogy = start(meta.initialOf)
    genealogy.restore(meta.states, meta.large)
    reader.read('genealogy', genealogy.arrays())
    judge.restore(meta.findings, position.antecedents, meta.deadlocks)
    return position
  }

  #compare(directory: string, meta: z.infer<typeof metaShape>): void {
    const { system, properties, manner } = this.#parts
    const other = (what: string): CheckpointError =>
      new CheckpointError(`the checkpoint in ${directory} is of ${what}; resume with what it was made with`)
    if (meta.identity !== identityOf(system, properties)) throw other('another model or other properties')
    for (const key of ['storage', 'bits', 'seed'] as const) {
      if (meta.manner[key] !== manner[key])
        throw other(`a search with ${key} ${meta.manner[key]}, not ${manner[key]}`)
    }
  }

  #repeat(directory: string, reader: CheckpointReader): void {
    const entries = new Uint16Array(reader.bytes('recordings') / 2)
    reader.read('recordings', [entries])
    const difference = this.#log.repeat(entries, this.#parts.compiled, this.#parts.predicates)
    if (difference !== null)
      throw new CheckpointError(
        `the checkpoint in ${directory} is of another model: ${difference}; start without --resume`,
      )
  }
}
