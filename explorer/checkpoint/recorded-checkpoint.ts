import { resolve } from 'node:path'
import { z } from 'zod'
import type { CompiledSystem } from '../compile/compiled-system.ts'
import { Predicates } from '../compile/predicates.ts'
import { type CheckpointReader, readCheckpoint, type Section, writeCheckpoint } from './checkpoint-files.ts'
import type { CheckpointPaths } from './checkpoint-paths.ts'
import { CheckpointError } from './errors.ts'
import type { RecordingLog } from './recording-log.ts'

/** How a search was asked to be made: what must be the same when it goes on. */
export type SearchConfiguration = Readonly<Record<string, string | number>>

const metaShape = z.object({
  identity: z.string(),
  // Shown when they differ from what was asked for.
  manner: z.record(z.string().regex(/^[a-z]{1,20}$/), z.union([z.string().regex(/^[a-z-]{1,20}$/), z.int()])),
  states: z.int().nonnegative(),
  /** What belongs to this kind of search. */
  search: z.unknown(),
})

/** A checkpoint that fits the search, and what it holds. */
export interface Opened extends CheckpointReader {
  readonly states: number
  readonly search: unknown
}

/** Share of the time that may go into checkpoints: after a slow one the next is later than asked for. */
const MOST_SHARE = 0.1

/** What is said of a search in its checkpoints, and compared before it goes on from one. */
export interface CheckpointedSearch {
  /** See `searchIdentityOf`. */
  readonly identity: string
  readonly configuration: SearchConfiguration
  readonly compiled: CompiledSystem
  readonly predicates?: Predicates
}

/**
 * Writes and reads the checkpoints of one search: when one is due, whether a search may go on from one, and the
 * recordings that both need. What else is in them is the caller's.
 */
export class RecordedCheckpoint {
  readonly #searched: CheckpointedSearch
  readonly #paths: CheckpointPaths
  readonly #log: RecordingLog
  #next: number
  /** How far the search was when the checkpoint in its place was made; null when none is there. */
  #savedAt: number | null = null

  /** @param log told of every recording of the compiled system, which it watches from the beginning. */
  constructor(searched: CheckpointedSearch, paths: CheckpointPaths, log: RecordingLog) {
    this.#searched = searched
    this.#paths = paths
    this.#log = log
    if (searched.predicates !== undefined) searched.predicates.onValue = log.onValue
    this.#next = performance.now() + this.#interval
  }

  /** Bytes held. */
  get bytes(): number {
    return this.#log.bytes
  }

  /** True when it is time to save. */
  get due(): boolean {
    return this.#paths.checkpoint !== undefined && performance.now() >= this.#next
  }

  /** True when there is no checkpoint in the place yet that this search made or goes on from. */
  get isFirst(): boolean {
    return this.#savedAt === null
  }

  /**
   * Writes a checkpoint, if there is a place for it and the search is elsewhere than in the one that is there.
   * @param at how far the search is: equal numbers, equal states.
   * @param prepare what must be done to the place first; when it fails, nothing is written.
   * @throws CheckpointError when that fails and the caller of the search is not told of it in another way.
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
    const { identity, configuration: manner } = this.#searched
    const meta: z.infer<typeof metaShape> = { identity, manner, states, search }
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
   * Opens a checkpoint and computes its recordings again.
   * @throws CheckpointError when it is damaged, or of another model or search configuration.
   */
  open(directory: string): Opened {
    const reader = readCheckpoint(directory)
    const { identity, manner, states, search } = parsed(directory, reader.meta)
    this.#compare(directory, identity, manner)
    this.#repeat(directory, reader)
    return { ...reader, states, search }
  }

  /** The search goes on from the checkpoint in `directory`, where it was `at`. */
  goesOnFrom(directory: string, at: number): void {
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

/** What belongs to the kind of search in a checkpoint that nothing is compared with. @throws CheckpointError. */
export function searchIn(directory: string): unknown {
  return parsed(directory, readCheckpoint(directory).meta).search
}

function parsed(directory: string, meta: unknown): z.infer<typeof metaShape> {
  const found = metaShape.safeParse(meta)
  if (!found.success) throw new CheckpointError(`the checkpoint in ${directory} is not one of a search`)
  return found.data
}
