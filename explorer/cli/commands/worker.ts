import { availableParallelism, hostname } from 'node:os'
import { dirname, join } from 'node:path'
import { z } from 'zod'
import { quoted } from '../../../model/language/quoted.ts'
import { type CommandContext, interruption } from '../command-context.ts'
import { EXIT } from '../exit-status.ts'
import { cacheFolder } from '../gate/verdict-cache.ts'
import { count, readOptions, seconds } from '../options.ts'
import { JobWorkers } from '../queue/job-workers.ts'
import { otherBuilds } from '../queue/other-builds.ts'
import { type Session, withSession } from '../queue/session.ts'
import { ShardPool } from '../queue/shard-pool.ts'

const options = z.object({
  redis: z.string().optional(),
  workers: count(256).optional(),
  idleExit: seconds.optional(),
  dir: z.string().min(1, 'must name a folder').optional(),
  quiet: z.boolean().default(false),
})

/** Milliseconds between two looks at what is to be cancelled, and two signs of life. */
const LOOK_EVERY_MS = 1000

/** Milliseconds between two looks for work of other builds. */
const OTHERS_EVERY_MS = 10_000

/**
 * `mmucheck worker`: searches what others submit, until it is interrupted.
 * @returns the exit status: 0 when there was nothing to do for as long as `--idle-exit` says.
 * @throws UsageError where Redis cannot be used, or packages are missing.
 */
export async function worker(context: CommandContext, raw: unknown): Promise<number> {
  const flags = readOptions(options, raw)
  return withSession(context, flags.redis, (session) => work(context, session, flags))
}

async function work(
  { io, env, signal }: CommandContext,
  session: Session,
  { workers = availableParallelism(), idleExit, dir, quiet }: z.infer<typeof options>,
): Promise<number> {
  const { client, keys, address } = session
  const say = (line: string): void => {
    if (!quiet) io.out(line)
  }
  const id = `${hostname()}:${process.pid}`
  const jobs = await JobWorkers.start(
    session,
    workers,
    {
      began: (name) => say(`${name}: begun`),
      ended: (name, how) => say(`${name}: ${how}`),
    },
    env,
  )
  const folder = dir ?? join(dirname(cacheFolder(env)), 'shards')
  const warn = (line: string): void => io.err(`mmucheck: ${line}`)
  const shards = new ShardPool(session, folder, workers, env, say, warn)
  io.err(`mmucheck: worker ${quoted(id)} of build ${keys.build} at ${address.shown}, ${workers} at a time`)
  let lastBusy = performance.now()
  const refused = new Set<string>()
  let nextOthers = 0
  try {
    while (!signal.aborted) {
      const now = performance.now()
      const active = jobs.active + shards.active
      if (active > 0) lastBusy = now
      if (idleExit !== undefined && now - lastBusy > idleExit * 1000) break
      const shown = JSON.stringify({ slots: workers, active })
      try {
        await client.call('HSET', [keys.workers, id, shown])
        await client.call('ZADD', [keys.seen, Date.now(), id])
        await jobs.cancelUnwanted()
        await shards.look()
      } catch (error) {
        // Redis has no memory left: there may be some later, and what runs must not end.
        if (!(error as Error).message.startsWith('OOM')) throw error
      }
      if (now >= nextOthers) {
        nextOthers = now + OTHERS_EVERY_MS
        for (const other of await otherBuilds(session))
          if (!refused.has(other.build)) {
            refused.add(other.build)
            io.err(`mmucheck: refused: ${other.why}`)
          }
      }
      await pause(LOOK_EVERY_MS, signal)
    }
  } finally {
    shards.close()
    await jobs.close()
    await client.call('HDEL', [keys.workers, id])
    await client.call('ZREM', [keys.seen, id])
  }
  return interruption(signal) ?? EXIT.holds
}

/** Waits, or until the signal is aborted. */
function pause(milliseconds: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const end = (): void => {
      clearTimeout(timer)
      signal.removeEventListener('abort', end)
      resolve()
    }
    const timer = setTimeout(end, milliseconds)
    signal.addEventListener('abort', end)
  })
}
