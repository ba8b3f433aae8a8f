import { UsageError } from '../errors.ts'
import type { Baseline } from './baseline-file.ts'
import { recordedCell } from './judged-cell.ts'

/** One of several parts of a run: the `index`-th of `of`, counted from 1. */
export interface Shard {
  readonly index: number
  readonly of: number
}

/** How long a cell takes: its recorded transitions; a cell that is not recorded counts as the longest. */
const costOf = (baseline: Baseline, name: string): number =>
  recordedCell(baseline, name)?.transitions ?? Number.MAX_SAFE_INTEGER

/** The numbers of the cells, the longest first. */
export function longestFirst(names: readonly string[], baseline: Baseline): number[] {
  const costs = names.map((name) => costOf(baseline, name))
  return [...names.keys()].sort((a, b) => costs[b] - costs[a] || a - b)
}

/**
 * The cells of a shard, in the order of `names`: dealt out from the longest, each to the shard with the least work, so
 * that shards take about the same time. The same names and baseline give the same shards on every machine.
 */
export function cellsOfShard(
  names: readonly string[],
  baseline: Baseline,
  { index, of }: Shard,
): readonly string[] {
  const known = names.map((name) => recordedCell(baseline, name)?.transitions ?? 0)
  const typical = Math.max(1, ...known)
  const loads = new Array<number>(of).fill(0)
  const mine = new Set<number>()
  for (const cell of longestFirst(names, baseline)) {
    const least = loads.indexOf(Math.min(...loads))
    loads[least] += known[cell] === 0 ? typical : known[cell]
    if (least === index - 1) mine.add(cell)
  }
  return names.filter((_, n) => mine.has(n))
}

/** Most shards of a run. */
const MOST = 10_000

type Environment = Readonly<Record<string, string | undefined>>

/**
 * Reads `2/8`; or `auto/8` and `auto`, which take the index from the environment of a Kubernetes Indexed Job or a Slurm
 * array, and `auto` the number too.
 * @throws UsageError for anything else.
 */
export function readShard(text: string, env: Environment): Shard {
  const asked = /^(auto|\d{1,9})(?:\/(\d{1,9}))?$/.exec(text)
  if (asked === null || (asked[1] !== 'auto' && asked[2] === undefined))
    throw new UsageError('--shard: must be I/N, counted from 1, or auto, or auto/N')
  const of = asked[2] === undefined ? null : Number(asked[2])
  const shard = asked[1] === 'auto' ? fromEnvironment(env, of) : { index: Number(asked[1]), of: of as number }
  if (shard.of < 1 || shard.of > MOST || shard.index < 1 || shard.index > shard.of)
    throw new UsageError(
      `--shard: ${shard.index}/${shard.of} makes no sense: the index runs from 1 to the number, at most ${MOST}`,
    )
  return shard
}

function fromEnvironment(env: Environment, of: number | null): Shard {
  const number = (name: string): number | null => {
    const value = env[name]
    return value !== undefined && /^\d{1,9}$/.test(value) ? Number(value) : null
  }
  // Kubernetes counts from 0, and does not say how many there are.
  const pod = number('JOB_COMPLETION_INDEX')
  if (pod !== null) {
    if (of === null)
      throw new UsageError('--shard auto: a Kubernetes job does not say how many there are; say auto/N')
    return { index: pod + 1, of }
  }
  const task = number('SLURM_ARRAY_TASK_ID')
  if (task !== null) {
    const first = number('SLURM_ARRAY_TASK_MIN') ?? 0
    const step = number('SLURM_ARRAY_TASK_STEP') ?? 1
    if (step === 0 || (task - first) % step !== 0)
      throw new UsageError(`--shard auto: task ${task} is none of an array from ${first} in steps of ${step}`)
    const count = of ?? number('SLURM_ARRAY_TASK_COUNT')
    if (count === null) throw new UsageError('--shard auto: SLURM_ARRAY_TASK_COUNT is not set; say auto/N')
    return { index: (task - first) / step + 1, of: count }
  }
  throw new UsageError(
    '--shard auto: neither JOB_COMPLETION_INDEX (Kubernetes) nor SLURM_ARRAY_TASK_ID (Slurm) is set; say I/N',
  )
}
