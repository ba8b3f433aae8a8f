import { z } from 'zod'
import { type JobQueue, loadBullmq } from '../../queue/packages.ts'
import type { ShardReport } from '../../shards/run-spec.ts'
import type { Cell } from '../cells.ts'
import type { CommandContext } from '../command-context.ts'
import { UsageError } from '../errors.ts'
import { count, flagOf, readOptions } from '../options.ts'
import { NO_FILES, QueueJudge } from '../queue/queue-judge.ts'
import { rechecking } from '../queue/recheck.ts'
import { type Session, withSession } from '../queue/session.ts'
import { shardLines } from '../queue/shard-lines.ts'
import { EXPECTED, shardRunner, withoutGraphProperties } from '../queue/shard-search-runner.ts'
import { stoppingAtViolation } from '../queue/stop-at-violation.ts'
import { swarmRunner } from '../queue/swarm-runner.ts'
import type { CellJudge } from '../search-runner.ts'
import { isDesignFile } from '../user-design.ts'
import { check } from './check.ts'
import { gate } from './gate.ts'

/** What all forms of `submit` have; the rest is read by the command that the form stands for. */
const options = z.looseObject({
  redis: z.string().optional(),
  recheck: count().optional(),
  shards: count(256).optional(),
  swarm: z.literal(true).or(count(100_000)).optional(),
  expectedStates: count().optional(),
  safety: z.boolean().default(false),
  stopOnViolation: z.boolean().default(false),
  design: z.array(z.string()).optional(),
  scenario: z.array(z.string()).optional(),
})

type Flags = Pick<z.infer<typeof options>, 'recheck' | 'stopOnViolation' | 'design'> &
  Readonly<Record<string, unknown>>

/** Options of `check` only. */
const OF_CHECK = ['property', 'scenario', 'evidence', 'unicode', 'allowIncomplete', 'allowVacuous'] as const

/**
 * `mmucheck submit`: lets workers on other machines search, and reports as one machine does.
 * @returns the exit status of `gate` or `check`.
 * @throws UsageError, InternalError.
 */
export async function submit(
  context: CommandContext,
  scenarios: readonly string[],
  raw: unknown,
): Promise<number> {
  const { redis, shards, swarm, expectedStates, safety, ...flags } = readOptions(options, raw)
  const files = [...(flags.design ?? []).filter(isDesignFile), ...(flags.scenario ?? [])]
  if (files.length > 0)
    throw new UsageError(`${flags.scenario === undefined ? '--design' : '--scenario'}: ${NO_FILES}`)
  if (shards === undefined && (safety || expectedStates !== undefined))
    throw new UsageError(`${safety ? '--safety' : '--expected-states'} can only be used with --shards`)
  if (shards !== undefined && swarm !== undefined)
    throw new UsageError('--swarm and --shards are two kinds of search; choose one')
  return withSession(context, redis, async (session) => {
    if (swarm !== undefined)
      return submitSwarm(context, session, scenarios, flags as Flags, swarm === true ? SEARCHES : swarm)
    if (shards === undefined) return submitGate(context, session, scenarios, flags as Flags)
    const division = { shards, expected: expectedStates ?? EXPECTED, safety }
    return submitShards(context, session, scenarios, flags as Flags, division)
  })
}

/** Options of `gate` only. */
const OF_GATE = ['tier', 'only', 'baseline', 'sameGraph', 'recheck', 'budget'] as const

async function submitShards(
  context: CommandContext,
  session: Session,
  scenarios: readonly string[],
  { stopOnViolation, ...flags }: Flags,
  {
    shards,
    expected,
    safety,
  }: { readonly shards: number; readonly expected: number; readonly safety: boolean },
): Promise<number> {
  for (const name of OF_GATE)
    if (flags[name] !== undefined && flags[name] !== false)
      throw new UsageError(`${flagOf(name)} cannot be used with --shards`)
  const { io } = context
  const showReports = (reports: readonly ShardReport[], bits: number): void => {
    for (const line of shardLines(reports, bits)) if (flags.quiet !== true) io.err(line)
  }
  const division = { shards, expected, untilViolated: stopOnViolation }
  const runner = shardRunner(session, io, division, showReports)
  const how = { ...flags, storage: 'fingerprint', reduce: 'none', workers: '1' }
  const narrowed = (cells: readonly Cell[]): Cell[] => withoutGraphProperties(cells, safety, io)
  return check({ ...context, runner }, scenarios, how, narrowed)
}

/** Searches of a swarm, unless the user says. */
const SEARCHES = 32

async function submitSwarm(
  context: CommandContext,
  session: Session,
  scenarios: readonly string[],
  { stopOnViolation: _, ...flags }: Flags,
  searches: number,
): Promise<number> {
  for (const name of OF_GATE)
    if (flags[name] !== undefined && flags[name] !== false)
      throw new UsageError(`${flagOf(name)} cannot be used with --swarm`)
  if (flags.fingerprintBits !== undefined)
    throw new UsageError('--fingerprint-bits can only be used with --shards')
  const queue = await queueOf(session, session.keys.walks)
  const say = (line: string): void => {
    if (flags.quiet !== true) context.io.err(line)
  }
  const runner = swarmRunner(session, queue, context.catalogue, searches, say)
  try {
    return await check({ ...context, runner }, scenarios, { ...flags, search: 'random' })
  } finally {
    await queue.close()
  }
}

async function queueOf({ connect, keys }: Session, name: string): Promise<JobQueue> {
  const { Queue } = await loadBullmq()
  const queue = new Queue(name, { connection: await connect(), prefix: keys.queues })
  // Its connection says itself when it is lost.
  queue.on('error', () => {})
  return queue
}

async function submitGate(
  context: CommandContext,
  session: Session,
  scenarios: readonly string[],
  { recheck, stopOnViolation, ...flags }: Flags,
): Promise<number> {
  if (scenarios.length > 0)
    throw new UsageError('a gate takes no scenarios: use --only TEXT, or --swarm or --shards with scenarios')
  for (const name of OF_CHECK)
    if (flags[name] !== undefined && flags[name] !== false)
      throw new UsageError(`${flagOf(name)} can only be used with --swarm or --shards`)
  if (flags.design !== undefined) throw new UsageError('--design: a gate takes --only TEXT')
  const modules = await context.modules()
  if (modules === null) throw new UsageError('this build does not know its modules; build it again')
  const queue = await queueOf(session, session.keys.cells)
  const { catalogue } = context
  const onQueue = new QueueJudge({ session, queue, catalogue, modules })
  const checked = recheck === undefined ? onQueue : rechecking(onQueue, context.judge, recheck)
  const judge = stopOnViolation ? stoppingAtViolation(checked, catalogue) : checked
  try {
    const remote: CellJudge = { atOnce: onQueue.atOnce, judge: (...asked) => judge.judge(...asked) }
    return await gate({ ...context, judge: remote }, { ...flags, cache: false })
  } finally {
    onQueue.close()
    await queue.close()
  }
}
