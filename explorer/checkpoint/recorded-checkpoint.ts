import { resolve } from 'node:path'
import { z } from 'zod'
import type { CompiledSystem } from '../compile/compiled-system.ts'
import { Predicates } from '../compile/predicates.ts'
import { type CheckpointReader, readCheckpoint, type Section, writeCheckpoint } from './checkpoint-files.ts'
import type { CheckpointPaths } from './checkpoint-paths.ts'
import { CheckpointError } from './errors.ts'
import type { RecordingLog } from './recording-log.ts'

/** The search configuration, which must be the same when a search is resumed. */
export type SearchConfiguration = Readonly<Record<string, string | number>>

const metaShape = z.object({
  identity: z.string(),
  // Restricted, because differences are shown in an error message.
  configuration: z.record(
    z.string().regex(/^[a-z]{1,20}$/),
    z.union([z.string().regex(/^[a-z-]{1,20}$/), z.int()]),
  ),
  states: z.int().nonnegative(),
  /** Data of this kind of search. */
  search: z.unknown(),
})

/** A checkpoint that belongs to the search. */
export interface Opened extends CheckpointReader {
  readonly states: number
  readonly search: unknown
}

/** Largest share of the time for writing checkpoints: after a slow one, the next is later than asked for. */
const MOST_SHARE = 0.1

/** The search that a checkpoint belongs to, compared before it is resumed. */
export interface CheckpointedSearch {
  /** The result of `searchIdentityOf`. */
  readonly identity: string
  readonly configuration: SearchConfiguration
  readonly compiled: CompiledSystem
  readonly predicates?: Predicates
}

/**
 * Writes and reads the checkpoints of one search: when one is due, whether a search may resume from one, and the
 * recordings. The other sections are those of the caller.
 */
export class RecordedCheckpoint {
  readonly #searched: CheckpointedSearch
  readonly #paths: CheckpointPaths
  readonly #log: RecordingLog
  #next: number
  /** The position of the search in the checkpoint that is on disk; null if there is none of this search. */
  #savedAt: number | null = null

  /** @param log gets every recording of the compiled system, from the first. */
  constructor(searched: CheckpointedSearch, paths: CheckpointPaths, log: RecordingLog) {
    this.#searched = searched
    this.#paths = paths
    this.#log = log
    if (searched.predicates !== undefined) searched.predicates.onValue = log.onValue
    this.#next = performance.now() + this.#interval
  }

  /** Bytes used. */
  get bytes(): number {
    return this.#log.bytes
  }

  /** Whether a checkpoint is due. */
  get due(): boolean {
    return this.#paths.checkpoint !== undefined && performance.now() >= this.#next
  }

  /** Whether this search has neither written a checkpoint yet nor resumed from the one that it will replace. */
  get isFirst(): boolean {
    return this.#savedAt === null
  }

  /**
   * Writes a checkpoint, if they were asked for and the one on disk is not already of this position.
   * @param at position of the search: equal numbers mean equal checkpoints.
   * @param prepare called with the directory first; if it throws, nothing is written.
   * @throws CheckpointError when that fails and there is no `onUnwritten`.
   */
  save(
    at: number,
    states: number,
    search: unknown,
    sections: Readonly<Record<string, Section>>,
    prepare: (directory: string) => void = () => {},
  ): void {
    const { checkpoint, onUnwritten } = this.#paths
    if (checkpoint === undefined || this.#savedAt === at) return
    const start = performance.now()
    const { identity, configuration } = this.#searched
    const meta: z.infer<typeof metaShape> = { identity, configuration, states, search }
    try {
      prepare(checkpoint.directory)
      writeCheckpoint(checkpoint.directory, meta, { recordings: [this.#log.entries], ...sections })
      this.#savedAt = at
    } catch (error) {
      if (!(error instanceof CheckpointError) || onUnwritten === undefined) throw error
      onUnwritten(error.message)
    }
    const now = performance.now()
    this.#next = now + Math.max(this.#interval, (now - start) / MOST_SHARE)
  }

  /**
   * Opens a checkpoint and repeats its recordings.
   * @throws CheckpointError when it is damaged, or of another model or search configuration.
   */
  open(directory: string): Opened {
    const reader = readCheckpoint(directory)
    const { identity, configuration, states, search } = parsed(directory, reader.meta)
    this.#compare(directory, identity, configuration)
    this.#repeat(directory, reader)
    return { ...reader, states, search }
  }

  /** Notes that the search has resumed from the checkpoint in `directory`, at position `at`. */
  resumedFrom(directory: string, at: number): void {
    const { checkpoint } = this.#paths
    if (checkpoint !== undefined && resolve(checkpoint.directory) === resolve(directory)) this.#savedAt = at
  }

  get #interval(): number {
    return 1000 * (this.#paths.checkpoint?.every ?? 60)
  }

  #compare(directory: string, identity: string, theirs: SearchConfiguration): void {
    const other = (what: string): CheckpointError =>
      new CheckpointError(`the checkpoint in ${directory} is of ${what}; resume with what it was made with`)
    const ours = this.#searched.configuration
    for (const key of Object.keys({ ...ours, ...theirs })) {
      if (theirs[key] !== ours[key]) throw other(`a search with ${key} ${theirs[key]}, not ${ours[key]}`)
    }
    if (identity !== this.#searched.identity) throw other('another model or other properties')
  }

  #repeat(directory: string, reader: CheckpointReader): void {
    const { compiled } = this.#searched
    const entries = reader.numbers('recordings', Uint16Array)
    const predicates = this.#searched.predicates ?? new Predicates(compiled.system, [])
    const difference = this.#log.repeat(entries, compiled, predicates)
    if (difference !== null)
      throw new CheckpointError(`the checkpoint in ${directory} is of another model: ${difference}`, {
        isLost: true,
      })
  }
}

/** The data of the kind of search in a checkpoint, without comparing anything. @throws CheckpointError. */
export function searchIn(directory: string): unknown {
  return parsed(directory, readCheckpoint(directory).meta).search
}

function parsed(directory: string, meta: unknown): z.infer<typeof metaShape> {
  const found = metaShape.safeParse(withConfiguration(meta))
  if (!found.success) throw new CheckpointError(`the checkpoint in ${directory} is not one of a search`)
  return found.data
}

/** The data with the name that it has now: earlier versions wrote the search configuration as `manner`. */
function withConfiguration(meta: unknown): unknown {
  if (typeof meta !== 'object' || meta === null || 'configuration' in meta || !('manner' in meta)) return meta
  return { ...meta, configuration: meta.manner }
}
