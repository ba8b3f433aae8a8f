import { RedisError } from './connection.ts'
import type { RedisClient } from './packages.ts'

/** All keys in Redis begin with this. */
export const PREFIX = 'mmucheck'

/** The builds that have put work into this Redis, by id; so that a worker of another build can say what it lacks. */
export const BUILDS = `${PREFIX}:builds`

/** The program that runs: only equal builds work together. */
export interface Build {
  readonly version: string
  readonly modelHash: string
  /** A hash of the code of all modules. */
  readonly code: string
}

/** The id of a build, part of all its keys: a worker never sees the work of another one. */
export const buildId = ({ version, modelHash, code }: Build): string =>
  `${version.replace(/[^\w.-]/g, '_')}-${modelHash.slice(0, 8)}-${code.slice(0, 12)}`

/** The keys of a build. */
export interface Keys {
  readonly build: string
  /** Prefix of the queues of BullMQ, and their names. */
  readonly queues: string
  readonly cells: 'cells'
  readonly walks: 'walks'
  /** Ids of jobs to cancel. */
  readonly stop: string
  /** Workers by id, as JSON, and when each was last seen. */
  readonly workers: string
  readonly seen: string
  /** Ids of searches over several shards. */
  readonly runs: string
  /** Prefix of the keys of one such search. */
  run(id: string): string
}

/** The keys of a build, by its id. */
export function keysOf(build: string): Keys {
  const own = `${PREFIX}:${build}`
  return {
    build,
    queues: own,
    cells: 'cells',
    walks: 'walks',
    stop: `${own}:stop`,
    workers: `${own}:workers`,
    seen: `${own}:seen`,
    runs: `${own}:runs`,
    run: (id) => `${own}:run:${id}`,
  }
}

/** Types of the keys that are looked at before anything is done. */
const typesOf = (keys: Keys): readonly (readonly [key: string, type: string])[] => [
  [BUILDS, 'hash'],
  [keys.stop, 'set'],
  [keys.workers, 'hash'],
  [keys.seen, 'zset'],
  [keys.runs, 'set'],
  ...[keys.cells, keys.walks].flatMap((queue): [string, string][] =>
    (
      [
        ['meta', 'hash'],
        ['wait', 'list'],
        ['active', 'list'],
        ['prioritized', 'zset'],
        ['completed', 'zset'],
        ['failed', 'zset'],
        ['delayed', 'zset'],
        ['events', 'stream'],
      ] as const
    ).map(([name, type]) => [`${keys.queues}:${queue}:${name}`, type]),
  ),
]

/** @throws RedisError when a key of ours holds what this program never puts there. */
export async function refuseForeign(client: RedisClient, keys: Keys): Promise<void> {
  const types = typesOf(keys)
  const found = await Promise.all(types.map(([key]) => client.call('TYPE', [key])))
  types.forEach(([key, type], n) => {
    if (found[n] !== 'none' && found[n] !== type)
      throw new RedisError(
        `the key ${key} holds a ${String(found[n])}, which is not from mmucheck; use another database (redis://HOST:PORT/1), or delete it`,
      )
  })
}
