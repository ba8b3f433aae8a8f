import { z } from 'zod'
import { printableJson, quoted } from '../../../model/language/quoted.ts'
import { keysOf } from '../../queue/keys.ts'
import type { RedisClient } from '../../queue/packages.ts'
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

/** What a build has in Redis. */
interface BuildStatus {
  readonly build: string
  readonly version: string
  readonly modelHash: string
  readonly own: boolean
  readonly cells: Jobs
  readonly walks: Jobs
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
        workers: await workersOf(client, build),
      })
    }
    const shown = builds.filter(({ own, workers, ...b }) => own || workers.length > 0 || hasJobs(b))
    if (json) io.out(printableJson({ schema: 'mmucheck-queue/1', redis: address.shown, builds: shown }))
    else for (const line of shown.flatMap(linesOf)) io.out(line)
    return EXIT.holds
  })
}

const hasJobs = ({ cells, walks }: Pick<BuildStatus, 'cells' | 'walks'>): boolean =>
  [cells, walks].some(({ waiting, active }) => waiting + active > 0)

function linesOf({ build, version, modelHash, own, cells, walks, workers }: BuildStatus): string[] {
  const jobs = (name: string, { waiting, active, completed, failed }: Jobs): string =>
    `  ${name}: ${waiting} waiting, ${active} active, ${completed} done, ${failed} failed`
  return [
    `build ${quoted(build)}${own ? ' (this one)' : ''}: version ${quoted(version)}, model ${quoted(modelHash)}`,
    jobs('cells', cells),
    jobs('walks', walks),
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

/** The workers that gave a sign of life lately. */
async function workersOf(client: RedisClient, build: string): Promise<string[]> {
  const { seen } = keysOf(build)
  return (await client.call('ZRANGE', [seen, Date.now() - GONE_MS, '+inf', 'BYSCORE'])) as string[]
}
