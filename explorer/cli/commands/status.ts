import { z } from 'zod'
import { printableJson, quoted } from '../../../model/language/quoted.ts'
import { keysOf } from '../../queue/keys.ts'
import type { RedisClient } from '../../queue/packages.ts'
import { specIn } from '../../shards/run-spec.ts'
import { runKeys } from '../../shards/scripts.ts'
import type { CommandContext } from '../command-context.ts'
import { EXIT } from '../exit-status.ts'
import { readOptions } from '../options.ts'
import { knownBuilds } from '../queue/other-builds.ts'
import { withSession } from '../queue/session.ts'

const options = z.object({ redis: z.string().optional(), json: z.boolean().default(false) })

/** Milliseconds after which a worker that gave no sign of life counts as gone. */
const GONE_MS = 10_000

/** Jobs of one queue, by what they wait for. */
interface Jobs {
  readonly waiting: number
  readonly active: number
  readonly completed: number
  readonly failed: number
}

/** A search over shards. */
interface RunStatus {
  readonly run: string
  readonly scenario: string
  readonly design: string
  readonly phase: string
  readonly level: number
  readonly states: number
  readonly shards: number
  /** Shards that no worker has. */
  readonly left: readonly number[]
}

/** What a build has in Redis. */
interface BuildStatus {
  readonly build: string
  readonly version: string
  readonly modelHash: string
  readonly own: boolean
  readonly cells: Jobs
  readonly walks: Jobs
  readonly runs: readonly RunStatus[]
  readonly workers: readonly string[]
}

/** `mmucheck status`: prints what is waiting, and who works. @returns the exit status, 0. */
export async function status(context: CommandContext, raw: unknown): Promise<number> {
  const { redis, json } = readOptions(options, raw)
  const { io } = context
  return withSession(context, redis, async ({ client, keys, address }) => {
    const builds: BuildStatus[] = []
    for (const [build, { version, modelHash }] of await knownBuilds({ client })) {
      const { queues, cells, walks } = keysOf(build)
      builds.push({
        build,
        version,
        modelHash,
        own: build === keys.build,
        cells: await jobsOf(client, `${queues}:${cells}`),
        walks: await jobsOf(client, `${queues}:${walks}`),
        runs: await runsOf(client, build),
        workers: await workersOf(client, build),
      })
    }
    const shown = builds.filter(({ own, workers, ...b }) => own || workers.length > 0 || hasJobs(b))
    if (json) io.out(printableJson({ schema: 'mmucheck-queue/1', redis: address.shown, builds: shown }))
    else for (const line of shown.flatMap(linesOf)) io.out(line)
    return EXIT.holds
  })
}

const hasJobs = ({ cells, walks, runs }: Pick<BuildStatus, 'cells' | 'walks' | 'runs'>): boolean =>
  runs.length > 0 || [cells, walks].some(({ waiting, active }) => waiting + active > 0)

function linesOf({ build, version, modelHash, own, cells, walks, runs, workers }: BuildStatus): string[] {
  const jobs = (name: string, { waiting, active, completed, failed }: Jobs): string =>
    `  ${name}: ${waiting} waiting, ${active} active, ${completed} done, ${failed} failed`
  return [
    `build ${quoted(build)}${own ? ' (this one)' : ''}: version ${quoted(version)}, model ${quoted(modelHash)}`,
    jobs('cells', cells),
    jobs('walks', walks),
    ...runs.map(
      ({ scenario, design, phase, level, states, shards, left }) =>
        `  ${quoted(scenario)} with ${quoted(design)} over ${shards} shards: ${quoted(phase)}, level ${level}, ${states} states${left.length === 0 ? '' : `; no worker has ${left.join(', ')}`}`,
    ),
    `  ${workers.length} workers${workers.length === 0 ? '' : `: ${workers.map((w) => quoted(w)).join(', ')}`}`,
  ]
}

async function jobsOf(client: RedisClient, queue: string): Promise<Jobs> {
  const [prioritized, wait, delayed, active, completed, failed] = await Promise.all([
    client.call('ZCARD', [`${queue}:prioritized`]),
    client.call('LLEN', [`${queue}:wait`]),
    client.call('ZCARD', [`${queue}:delayed`]),
    client.call('LLEN', [`${queue}:active`]),
    client.call('ZCARD', [`${queue}:completed`]),
    client.call('ZCARD', [`${queue}:failed`]),
  ])
  return {
    waiting: Number(prioritized) + Number(wait) + Number(delayed),
    active: Number(active),
    completed: Number(completed),
    failed: Number(failed),
  }
}

/** The searches over shards; what is none is left out. */
async function runsOf(client: RedisClient, build: string): Promise<RunStatus[]> {
  const keys = keysOf(build)
  const found: RunStatus[] = []
  for (const run of (await client.call('SMEMBERS', [keys.runs])) as string[]) {
    const names = runKeys(keys.run(run))
    const [text, phase, level] = (await client.call('HMGET', [
      names.run,
      'spec',
      'phase',
      'level',
    ])) as string[]
    const spec = specIn(text)
    if (spec === null) continue
    const shards = Array.from({ length: spec.shards }, (_, n) => n)
    const counts = await Promise.all(shards.map((n) => client.call('HGET', [names.shard(n), 'count'])))
    const owned = await Promise.all(shards.map((n) => client.call('EXISTS', [names.owner(n)])))
    const { scenario, design } = spec.subject
    const states = counts.reduce((sum: number, count) => sum + Number(count ?? 0), 0)
    const left = shards.filter((n) => owned[n] === 0)
    found.push({ run, scenario, design, phase, level: Number(level), states, shards: spec.shards, left })
  }
  return found
}

/** The workers that gave a sign of life lately. */
async function workersOf(client: RedisClient, build: string): Promise<string[]> {
  const { seen } = keysOf(build)
  return (await client.call('ZRANGE', [seen, Date.now() - GONE_MS, '+inf', 'BYSCORE'])) as string[]
}
