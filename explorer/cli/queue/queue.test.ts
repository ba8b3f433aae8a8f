import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { parseBaseline } from '../gate/baseline-file.ts'
import { RedisServer, Running, until, whyNoQueue } from '../testing/queue-programs.ts'

const why = whyNoQueue()

const CELLS = 40

/** Cells that take about a second each. */
function smallCells(): string[] {
  const { cells } = parseBaseline(readFileSync('explorer/gate/baseline.json', 'utf8'))
  return Object.entries(cells)
    .filter(([, { states }]) => states >= 500 && states <= 4000)
    .map(([name]) => name)
    .filter((name, _, all) => all.every((other) => other === name || !other.includes(name)))
    .slice(0, CELLS)
}

// They need Redis and two packages: .ci/run gets them where it can.
describe.skipIf(why !== null)(`a gate on a queue${why === null ? '' : ` (skipped: ${why})`}`, () => {
  const folder = mkdtempSync(join(tmpdir(), 'mmucheck-queue-'))
  const file = (name: string): string => join(folder, name)
  let redis: RedisServer
  const workers: Running[] = []
  const worker = (): Running => {
    const started = new Running(['worker', '--workers', '1'], { MMUCHECK_REDIS: redis.url })
    workers.push(started)
    return started
  }
  beforeAll(async () => {
    redis = await RedisServer.start('a secret/word')
  })
  afterAll(async () => {
    for (const { child } of workers) child.kill('SIGKILL')
    await redis.remove()
    rmSync(folder, { recursive: true })
  })

  it('says what one machine says, though a worker is killed and another one is paused', async () => {
    const only = smallCells().flatMap((name) => ['--only', name])
    expect(only).toHaveLength(2 * CELLS)
    const [killed, paused] = [worker(), worker(), worker()]
    const options = [...only, '--out', file('out'), '--quiet', '--json']
    const submitted = new Running(['submit', ...options, file('queue.json')], { MMUCHECK_REDIS: redis.url })
    const begun = ({ out }: Running): number => out.split(': begun').length - 1
    await until(() => begun(killed) >= 2 && begun(paused) >= 2, 300)
    killed.kill('SIGKILL')
    paused.kill('SIGSTOP')
    // Longer than the lock of its job lasts.
    await new Promise((resolve) => setTimeout(resolve, 20_000))
    paused.kill('SIGCONT')
    expect(await submitted.status, submitted.err).toBe(0)
    expect(submitted.err).not.toContain('Warning')
    const alone = new Running(['gate', '--no-cache', ...options, file('alone.json')])
    expect(await alone.status).toBe(0)
    expect(readFileSync(file('queue.json'), 'utf8')).toBe(readFileSync(file('alone.json'), 'utf8'))
    const printed = [...workers, submitted].map(({ out, err }) => out + err).join('')
    expect(printed).not.toContain('secret')
  }, 900_000)

  it('is refused in one line for a wrong password, which is not printed', async () => {
    const url = redis.url.replace('a%20secret', 'a%20guess')
    for (const command of ['submit', 'worker', 'status']) {
      const { err, status } = await ran([command, '--redis', url])
      expect(status).toBe(2)
      expect(err).toMatch(/^mmucheck: redis:\/\/127\.0\.0\.1:\d+: refused: WRONGPASS .*\nTry --help\.\n$/)
    }
  })

  it('is refused in one line where nothing listens', async () => {
    const { err, status } = await ran(['status', '--redis', 'redis://127.0.0.1:1'])
    expect(status).toBe(2)
    expect(err).toMatch(/^mmucheck: redis:\/\/127\.0\.0\.1:1: cannot be reached: connect ECONNREFUSED .*\n/)
  })

  it('is refused where foreign data is under our keys', async () => {
    redis.cli('-n', '1', 'SET', 'mmucheck:builds', 'something else')
    const { err, status } = await ran(['status', '--redis', `${redis.url}/1`])
    expect(status).toBe(2)
    expect(err).toContain('the key mmucheck:builds holds a string, which is not from mmucheck')
  })

  it('takes no verdict from a result that is none', async () => {
    const only = ['--only', smallCells()[0]]
    const { status: before } = await ran(['submit', ...only, '--quiet'], redis.url)
    expect(before).toBe(0)
    const key = redis
      .cli('KEYS', '*:cells:*')
      .split('\n')
      .find((name) => redis.cli('HGET', name, 'name').trim() === smallCells()[0]) as string
    const forged = redis.cli('HGET', key, 'returnvalue').replace('"verdict":"holds"', '"verdict":"fine"')
    redis.cli('HSET', key, 'returnvalue', forged.trim())
    // It is searched again.
    const { status, out } = await ran(['submit', ...only, '--quiet'], redis.url)
    expect([status, out]).toEqual([
      0,
      expect.stringMatching(/^mmucheck: gate passes: \d cells? as recorded\n$/),
    ])
  }, 300_000)

  it('refuses work of another build, and says so', async () => {
    redis.cli('HSET', 'mmucheck:builds', 'other', '{"version":"9.9.9","modelHash":"f00","code":"c0de"}')
    redis.cli('ZADD', 'mmucheck:other:cells:prioritized', '1', 'a')
    const { err } = await ran(['worker', '--idle-exit', '1'], redis.url)
    expect(err).toContain('refused: 1 jobs wait for another build (version 9.9.9, this is 0.1.0)')
  })

  it('waits for a Redis that is restarted meanwhile', async () => {
    const only = smallCells()
      .slice(0, 3)
      .flatMap((name) => ['--only', name])
    redis.cli('FLUSHALL')
    const submitted = new Running(['submit', ...only, '--quiet'], { MMUCHECK_REDIS: redis.url })
    await until(() => /:cells:[0-9a-f]{64}\n/.test(redis.cli('KEYS', '*:cells:*')))
    await redis.kill()
    await until(() => submitted.err.includes('mmucheck: lost redis://127.0.0.1'))
    await redis.restart()
    expect(await submitted.status, submitted.err).toBe(0)
    expect(submitted.err).toContain('mmucheck: connected to redis://127.0.0.1')
  }, 300_000)

  /** A command that ends by itself. */
  async function ran(
    args: readonly string[],
    url?: string,
  ): Promise<{ status: number | null; out: string; err: string }> {
    const running = new Running(args, url === undefined ? {} : { MMUCHECK_REDIS: url })
    const status = await running.status
    return { status, out: running.out, err: running.err }
  }
})
