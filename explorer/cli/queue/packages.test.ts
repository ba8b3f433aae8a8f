import { spawnSync } from 'node:child_process'
import { inspect } from 'node:util'
import { describe, expect, it } from 'vitest'
import { BadAddress, RedisAddress } from '../../queue/redis-address.ts'
import { effort } from '../../testing/effort.ts'
import { MAIN, PLAIN } from '../testing/built-programs.ts'
import { runSmall } from '../testing/run-small.ts'

/** Refuses the packages of the queue, as if they were not installed, and prints that they were asked for. */
const HOOK = `data:text/javascript,${encodeURIComponent(`
  import { register } from 'node:module'
  register('data:text/javascript,' + encodeURIComponent(\`
    export async function resolve(specifier, context, next) {
      if (!/^(?:bullmq|ioredis)$/.test(specifier)) return next(specifier, context)
      process._rawDebug('asked for ' + specifier)
      throw Object.assign(new Error('not here'), { code: 'ERR_MODULE_NOT_FOUND' })
    }\`))
`)}`

const ran = (...args: readonly string[]) => {
  const { status, stdout, stderr } = spawnSync(process.execPath, ['--import', HOOK, MAIN, ...args], {
    encoding: 'utf8',
    env: PLAIN,
  })
  return { status, stdout, stderr }
}

describe('the packages of the queue', () => {
  it('are asked for by worker, which says in a line what to install', () => {
    const { status, stderr } = ran('worker', '--redis', 'redis://127.0.0.1:1')
    expect(status).toBe(2)
    expect(stderr).toBe(
      'asked for ioredis\nmmucheck: the package ioredis is not installed; work over several machines needs two packages: npm install --no-save bullmq@6 ioredis@6\nTry --help.\n',
    )
  })

  it.each([
    ['list', 'kernels'],
    ...(effort(0, 1) === 1
      ? [
          ['check', 'roots-zap-one', '--quiet'],
          ['gate', '--only', 'upstream in aging'],
        ]
      : []),
  ])('are not loaded by %s', (...args) => {
    const { status, stderr } = ran(...args)
    expect(status).toBe(0)
    expect(stderr).not.toContain('asked for')
  })
})

describe('the address of Redis', () => {
  const address = new RedisAddress('rediss://user:s3%2Fcret@queue.local/3')

  it('is never shown with its password', () => {
    const shown = [
      String(address),
      JSON.stringify({ address }),
      inspect({ address }),
      `${inspect(address, { showHidden: true, depth: 9 })}`,
    ]
    for (const text of shown) {
      expect(text).toContain('rediss://queue.local:6379/3')
      expect(text).not.toMatch(/s3|cret/)
    }
    expect(address.redacted('AUTH user s3/cret failed for s3%2Fcret')).toBe('AUTH user *** failed for ***')
  })

  it.each(['http://queue.local', 'queue.local:6379', 'redis:///', 'redis://a/b', 'redis://a?tls=no', ''])(
    'is refused where it is none: %s',
    async (text) => {
      expect(() => new RedisAddress(text)).toThrow(BadAddress)
      const { status, err } = await runSmall(['status', '--redis', text])
      expect(status).toBe(2)
      expect(err[0]).toBe('mmucheck: --redis: must be redis://HOST:PORT, or rediss://HOST:PORT with TLS')
    },
  )

  it('is not guessed', async () => {
    const { status, err } = await runSmall(['worker'])
    expect([status, err[0]]).toEqual([2, 'mmucheck: name Redis with --redis URL, or in MMUCHECK_REDIS'])
  })
})

describe('what submit refuses before it connects', () => {
  it.each([
    [['--design', 'my-change.ts'], '--design: designs and scenarios from files are not sent'],
    [
      ['zap', '--design', './my.json', '--shards', '2'],
      '--design: designs and scenarios from files are not sent',
    ],
    [['zap', '--safety'], '--safety can only be used with --shards'],
    [['--expected-states', '5'], '--expected-states can only be used with --shards'],
  ])('%j', async (args, why) => {
    const { status, err } = await runSmall(['submit', '--redis', 'redis://127.0.0.1:1', ...args])
    expect(status).toBe(2)
    expect(err[0]).toContain(`mmucheck: ${why}`)
  })
})
