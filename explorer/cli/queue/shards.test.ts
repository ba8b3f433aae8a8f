import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { resultSchema } from '../report/result-json.ts'
import { RedisServer, Running, until, whyNoQueue } from '../testing/queue-programs.ts'

const why = whyNoQueue()

/** What must be the same however a search is made. */
function essence(file: string) {
  const [check] = resultSchema.parse(JSON.parse(readFileSync(file, 'utf8'))).checks
  const { complete, states, transitions, depth, deadlocks, steps, properties } = check
  const verdicts = properties.map(({ id, verdict, antecedent, counterexample }) => [
    id,
    verdict,
    antecedent,
    counterexample?.length,
    counterexample?.unconfirmed,
  ])
  return { complete, states, transitions, depth, deadlocks, steps, verdicts }
}

describe.skipIf(why !== null)(`a search over shards${why === null ? '' : ` (skipped: ${why})`}`, () => {
  const folder = mkdtempSync(join(tmpdir(), 'mmucheck-shards-'))
  const file = (name: string): string => join(folder, name)
  let redis: RedisServer
  const programs: Running[] = []
  const start = (...args: readonly string[]): Running => {
    const running = new Running(args, { MMUCHECK_REDIS: redis.url })
    programs.push(running)
    return running
  }
  const worker = (n: number, most = 2): Running =>
    start('worker', '--workers', String(most), '--dir', file(`states-${n}`))
  const submit = (...args: readonly string[]): Running =>
    start('submit', ...args, '--out', file('out'), '--quiet')
  const alone = async (...args: readonly string[]): Promise<number | null> =>
    await start('check', ...args, '--reduce', 'none', '--out', file('out'), '--quiet').status
  beforeAll(async () => {
    redis = await RedisServer.start('s3cret/word')
  })
  afterEach(() => {
    for (const { child } of programs.splice(0)) child.kill('SIGKILL')
    redis.cli('FLUSHALL')
  })
  afterAll(async () => {
    await redis.remove()
    rmSync(folder, { recursive: true })
  })

  /** Processes of shards that run, by what workers printed. */
  const shardProcesses = (...workers: readonly Running[]): number[] =>
    workers
      .flatMap(({ out }) => [...out.matchAll(/begun \(process (\d+)\)/g)].map(([, pid]) => Number(pid)))
      .filter((pid) => existsSync(`/proc/${pid}`))
  const level = (): number => {
    const run = redis
      .cli('KEYS', '*:run:*')
      .split('\n')
      .find((key) => /:run:[0-9a-f]{16}$/.test(key))
    return run === undefined ? -1 : Number(redis.cli('HGET', run, 'level'))
  }

  it('finds what one search finds, though two processes are killed, and a worker', async () => {
    const [one, two] = [worker(1), worker(2)]
    const search = ['roots-zap-one-two-vcpus', '--safety', '--shards', '3', '--json', file('shards.json')]
    const submitted = submit(...search)
    await until(() => level() >= 5, 120)
    process.kill(shardProcesses(one, two)[0], 'SIGKILL')
    await until(() => level() >= 15, 120)
    process.kill(shardProcesses(one, two).at(-1) as number, 'SIGKILL')
    await until(() => level() >= 25, 120)
    one.kill('SIGKILL')
    const again = worker(1)
    expect(await submitted.status, submitted.err).toBe(0)
    const left =
      submitted.err.match(/left out, because no shard has the whole graph: (.*)/)?.[1].split(', ') ?? []
    expect(await alone('roots-zap-one-two-vcpus', '--json', file('alone.json'))).toBe(0)
    const found = essence(file('alone.json'))
    const verdicts = found.verdicts.filter(([id]) => !left.includes(String(id)))
    expect(essence(file('shards.json'))).toEqual({ ...found, verdicts })
    const printed = [one, two, again, submitted].map(({ out, err }) => out + err).join('')
    expect(printed).not.toMatch(/s3cret/)
  }, 900_000)

  it('gives counterexamples that replay', async () => {
    worker(1)
    const search = ['roots-zap-all', '--design', 'R1', '--safety', '--json', file('violated.json')]
    expect(await submit(...search, '--shards', '2').status).toBe(1)
    expect(await alone('roots-zap-all', '--design', 'R1', '--json', file('alone.json'))).toBe(1)
    const lengths = (name: string) =>
      new Map(
        essence(file(name))
          .verdicts.filter(([, verdict]) => verdict === 'violated')
          .map(([id, , , length, unconfirmed]) => [id, [length, unconfirmed]]),
      )
    const one = lengths('alone.json')
    for (const [id, found] of lengths('violated.json')) expect([id, found]).toEqual([id, one.get(id)])
    expect(lengths('violated.json').size).toBe(3)
  }, 600_000)

  it('goes back to the beginning of a level when the server was restarted, and finds the same', async () => {
    worker(1, 3)
    const submitted = submit('roots-zap-one', '--safety', '--shards', '3', '--json', file('shards.json'))
    await until(() => level() >= 20, 120)
    await redis.kill()
    await until(() => submitted.err.includes('mmucheck: lost redis://127.0.0.1'))
    await redis.restart()
    expect(await submitted.status, submitted.err).toBe(0)
    expect(await alone('roots-zap-one', '--json', file('alone.json'))).toBe(0)
    const { verdicts: _, ...counts } = essence(file('alone.json'))
    expect(essence(file('shards.json'))).toMatchObject(counts)
  }, 600_000)

  it('waits for a server that is paused, and for one that has no memory', async () => {
    const busy = worker(1, 2)
    const submitted = submit('roots-zap-one', '--safety', '--shards', '2', '--json', file('shards.json'))
    await until(() => level() >= 5, 120)
    redis.cli('CONFIG', 'SET', 'maxmemory', '1')
    await until(() => busy.err.includes('Redis has no memory left'), 60)
    redis.cli('CONFIG', 'SET', 'maxmemory', '0')
    const before = level()
    redis.pause()
    await new Promise((resolve) => setTimeout(resolve, 15_000))
    redis.resume()
    expect(await submitted.status, submitted.err).toBe(0)
    expect(before).toBeGreaterThanOrEqual(5)
    expect(essence(file('shards.json')).states).toBe(33_267)
  }, 600_000)

  it('ends without a verdict when the run is gone, and when a shard is sent something else', async () => {
    worker(1, 2)
    const gone = submit('roots-zap-one', '--safety', '--shards', '2')
    await until(() => level() >= 3, 120)
    redis.cli('FLUSHALL')
    expect(await gone.status).toBe(70)
    expect(gone.err).toContain('the run is gone from Redis')
    const forged = submit('roots-zap-one', '--safety', '--shards', '2')
    await until(() => level() >= 3, 120)
    const stream =
      redis.cli('KEYS', '*:stream:0').trim() ||
      redis.cli('KEYS', '*:shard:0').trim().replace(':shard:', ':stream:')
    redis.cli('XADD', stream, '*', 'b', 'not a batch')
    expect(await forged.status).toBe(70)
    expect(forged.err).toMatch(
      /shard 0 was sent what is not from this search: 11 bytes are no batch of states/,
    )
  }, 600_000)

  it('is refused for properties that need the whole graph', async () => {
    const refused = submit('roots-zap-one', '--shards', '2')
    expect(await refused.status).toBe(2)
    expect(refused.err).toMatch(
      /^mmucheck: --shards: every-access-can-finish of roots-zap-one need the whole graph, which no shard has/,
    )
  }, 60_000)
})

describe.skipIf(why !== null)(`a swarm${why === null ? '' : ` (skipped: ${why})`}`, () => {
  it('finds R1, and cancels the other searches', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'mmucheck-swarm-'))
    const redis = await RedisServer.start()
    const env = { MMUCHECK_REDIS: redis.url }
    const worker = new Running(['worker', '--workers', '1'], env)
    try {
      const asked = ['--property', 'no-stale-root-used', '--time-limit', '20', '--out', folder]
      const swarm = new Running(['submit', 'roots-zap-all', '--design', 'R1', '--swarm', '40', ...asked], env)
      expect(await swarm.status, swarm.err).toBe(1)
      expect(swarm.err).toMatch(/swarm: a violation by .*; the others are stopped/)
      expect(swarm.out).toMatch(/no-stale-root-used +VIOLATED[^\n]*\n +\d+ steps \(may not be the fewest\)/)
      expect(redis.cli('ZCARD', redis.cli('KEYS', '*:walks:prioritized').trim() || 'none').trim()).toBe('0')
      const silent = new Running(
        ['submit', 'roots-zap-one', '--swarm', '2', '--time-limit', '1', '--out', folder],
        env,
      )
      expect(await silent.status, silent.err).toBe(4)
      expect(silent.err).toContain('swarm: no violation was found; that proves nothing')
    } finally {
      worker.kill('SIGKILL')
      await redis.remove()
      rmSync(folder, { recursive: true })
    }
  }, 600_000)
})
