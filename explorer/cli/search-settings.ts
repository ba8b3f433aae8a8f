import { createHash } from 'node:crypto'
import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import { quoted, quotedPath } from '../../model/language/quoted.ts'
import { hasCheckpoint } from '../checkpoint/index.ts'
import type { RandomOptions, SearchSettings } from '../search/index.ts'
import type { Cell } from './cells.ts'
import { UsageError } from './errors.ts'
import { flagOf, type SearchFlags } from './options.ts'

/** The settings of one search: those of the engine, and which kind of search. */
export interface CheckSettings
  extends SearchSettings,
    Pick<RandomOptions, 'walks' | 'maxPreemptions' | 'bugDepth'> {
  /** `bfs` visits everything; the others sample and never say that a property holds. */
  readonly search: SearchFlags['search']
  /** Compare a reduced search with the full one. */
  readonly selfCheck?: boolean
  /** Whether a random search returns a sketch of the states that it saw. */
  readonly sketch?: boolean
  /** Threads that share this one search, where it can be shared. Default 1. */
  readonly workers?: number
}

/** The settings of a run without options. */
export const DEFAULT_SETTINGS: CheckSettings = { search: 'bfs', reduce: 'all', storage: 'exact' }

type Flag = keyof SearchFlags

/** Options that only some kinds of search have. */
const ONLY_WITH: readonly (readonly [Flag, readonly SearchFlags['search'][]])[] = [
  ...(['reduce', 'selfCheck', 'storage', 'fingerprintBits', 'checkpoint', 'resume'] as const).map(
    (flag): readonly [Flag, readonly SearchFlags['search'][]] => [flag, ['bfs']],
  ),
  ['walks', ['random', 'priorities']],
  ['bugDepth', ['priorities']],
  ['preemptions', ['preemptions']],
]

/**
 * The settings that the options ask for, without those of checkpoints.
 * @throws UsageError for options that do not go together: none may be ignored silently.
 */
export function settingsOf(flags: SearchFlags): CheckSettings {
  for (const [flag, searches] of ONLY_WITH) {
    if (flags[flag] !== undefined && !searches.includes(flags.search))
      throw new UsageError(`${flagOf(flag)} can only be used with --search ${searches.join(' or ')}`)
  }
  const { search, reduce = 'all', preemptions } = flags
  const hasBits = flags.fingerprintBits !== undefined
  if (hasBits && flags.storage === 'exact')
    throw new UsageError('--fingerprint-bits can only be used with --storage fingerprint')
  const resumable = flags.checkpoint !== undefined || flags.resume !== undefined
  if (flags.checkpointEvery !== undefined && !resumable)
    throw new UsageError('--checkpoint-every can only be used with --checkpoint or --resume')
  if (flags.selfCheck === true && reduce === 'none')
    throw new UsageError(
      '--self-check compares a reduced search with a full one; with --reduce none there is nothing to compare',
    )
  return {
    search,
    reduce,
    ...(flags.selfCheck === true ? { selfCheck: true } : {}),
    storage: flags.storage ?? (hasBits ? 'fingerprint' : 'exact'),
    ...(preemptions === undefined ? {} : { maxPreemptions: preemptions }),
    ...given(flags, ['fingerprintBits', 'maxStates', 'maxDepth', 'timeLimit', 'memoryLimit', 'seed']),
    ...given(flags, ['walks', 'bugDepth']),
  }
}

type Given<K extends Flag> = { readonly [P in K]?: NonNullable<SearchFlags[P]> }

/** Those of some flags that were given. */
function given<K extends Flag>(flags: SearchFlags, keys: readonly K[]): Given<K> {
  return Object.fromEntries(keys.filter((k) => flags[k] !== undefined).map((k) => [k, flags[k]])) as Given<K>
}

/** Where the checkpoints of a run are. Each search has its own folder in there. */
export interface Checkpoints {
  readonly directory: string
  /** Seconds between two; null for the default. */
  readonly every: number | null
  /** Where the checkpoints to resume from are; null to start from the beginning. */
  readonly resume: string | null
}

/** The checkpoints that the options ask for; a resumed run writes new ones where the old ones are. */
export function checkpointsOf({ checkpoint, checkpointEvery, resume }: SearchFlags): Checkpoints | null {
  const directory = checkpoint ?? resume
  if (directory === undefined) return null
  return { directory, every: checkpointEvery ?? null, resume: resume ?? null }
}

/**
 * The folder of one search, `SCENARIO.DESIGN`: ids have no dots. For a scenario file, and for a design
 * that is code, a hash of its contents is added: with other bounds or code it is another search. An older kernel follows the design, `@6.1`.
 */
export function checkpointFolder(directory: string, { scenario, design, files }: Cell): string {
  const data = files?.scenario?.data
  const code = files?.design?.code?.sha256
  const text = [...(data === undefined ? [] : [JSON.stringify(data)]), ...(code === undefined ? [] : [code])]
  const hash =
    text.length === 0 ? '' : `.${createHash('sha256').update(text.join('\n')).digest('hex').slice(0, 16)}`
  const kernel = scenario.kernel === undefined ? '' : `@${scenario.kernel}`
  return join(directory, `${scenario.id}.${design.id}${kernel}${hash}`)
}

/**
 * The settings of one search of a run with checkpoints. A search without a checkpoint had not begun, or was killed
 * before its first one was complete: it starts from the beginning.
 */
export function withCheckpoint(
  settings: CheckSettings,
  { directory, every, resume }: Checkpoints,
  cell: Cell,
): CheckSettings {
  const before = resume === null ? null : checkpointFolder(resume, cell)
  return {
    ...settings,
    checkpoint: { directory: checkpointFolder(directory, cell), ...(every === null ? {} : { every }) },
    ...(before === null || !hasCheckpoint(before) ? {} : { resume: before }),
  }
}

/** @throws UsageError when there is no checkpoint of any of the searches to resume from. */
export function checkResumable({ resume }: Checkpoints, cells: readonly Cell[]): void {
  if (resume === null || cells.some((cell) => hasCheckpoint(checkpointFolder(resume, cell)))) return
  let has: string[]
  try {
    has = readdirSync(resume)
  } catch {
    throw new UsageError(`--resume: there is no folder ${quotedPath(resume)}`)
  }
  const hint = has.length === 0 ? 'it is empty' : `it has ${quoted(has.slice(0, 3).join(', '))}`
  throw new UsageError(
    `--resume: there is no checkpoint of any of these searches in ${quotedPath(resume)}; ${hint}`,
  )
}
