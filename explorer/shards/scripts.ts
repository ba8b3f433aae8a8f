import { createHash } from 'node:crypto'
import type { RedisClient } from '../queue/packages.ts'

/**
 * What shards do in Redis, each as one atomic script. Every script looks first whether the run is still there, whether
 * the server is the one that it was (another run of it may have lost the last second), whether the shard has been set
 * back, and whether this process still has it.
 */

/** The keys of a run. */
export interface RunKeys {
  /** Hash: the run itself. */
  readonly run: string
  /** Hash, for each shard: how far it is. */
  shard(n: number): string
  /** String, for each shard: the process that has it, with a time to live. */
  owner(n: number): string
  /** Stream, for each shard: batches of states for it. */
  stream(n: number): string
  /** List, for each shard: states to be looked up. */
  asked(n: number): string
  /** Hash: what was looked up. */
  readonly answers: string
}

export const runKeys = (run: string): RunKeys => ({
  run,
  shard: (n) => `${run}:shard:${n}`,
  owner: (n) => `${run}:owner:${n}`,
  stream: (n) => `${run}:stream:${n}`,
  asked: (n) => `${run}:asked:${n}`,
  answers: `${run}:answers`,
})

/** Milliseconds after which a shard counts as left, if its process gives no sign of life. */
export const LEASE_MS = 10_000

/** Entries of a stream from which on nothing is added: its shard reads slower than others write. */
export const WATERMARK = 64

/** Why a script did nothing. */
export const REPLIES = ['ok', 'gone', 'restarted', 'set-back', 'lost', 'full', 'wait'] as const
export type Reply = (typeof REPLIES)[number]

/** KEYS: run, owner. ARGV: token, generation, lease. */
const GUARD = `
local server = string.match(redis.call('INFO', 'server'), 'run_id:(%w+)')
local known = redis.call('HMGET', KEYS[1], 'server', 'generation')
if not known[1] then return {'gone'} end
if known[1] ~= server then return {'restarted'} end
if known[2] ~= ARGV[2] then return {'set-back'} end
local owner = redis.call('GET', KEYS[2])
if owner and owner ~= ARGV[1] then return {'lost'} end
redis.call('SET', KEYS[2], ARGV[1], 'PX', ARGV[3])
`

/** Also KEYS 3: the stream of the receiver. ARGV 4: watermark, 5: the batch. */
const PUBLISH = `#!lua
${GUARD}
if redis.call('XLEN', KEYS[3]) >= tonumber(ARGV[4]) then return {'full'} end
redis.call('XADD', KEYS[3], '*', 'b', ARGV[5])
return {'ok'}
`

/**
 * Also KEYS 3: own stream, 4: own hash. ARGV 4: fields of the hash, as JSON, 5...: entries to delete. Frees memory, so it
 * runs when memory is full.
 */
const ACKNOWLEDGE = `#!lua flags=allow-oom
${GUARD}
for field, value in pairs(cjson.decode(ARGV[4])) do redis.call('HSET', KEYS[4], field, value) end
for n = 5, #ARGV do redis.call('XDEL', KEYS[3], ARGV[n]) end
local run = redis.call('HMGET', KEYS[1], 'level', 'phase')
return {'ok', run[1], run[2]}
`

/**
 * Begins the next level, or ends the search, if every shard has expanded all of this level and every stream is empty. An
 * entry is only deleted when what follows from it is in the log of its shard, so nothing is on its way then. KEYS 3...:
 * for each shard its stream and its hash. ARGV 4: the level that the caller is in.
 */
const ADVANCE = `#!lua flags=allow-oom
${GUARD}
local run = redis.call('HMGET', KEYS[1], 'level', 'phase')
if run[1] ~= ARGV[4] or run[2] ~= 'search' then return {'ok', run[1], run[2]} end
local next = 0
for n = 3, #KEYS, 2 do
  if redis.call('XLEN', KEYS[n]) > 0 then return {'wait', run[1], run[2]} end
  local shard = redis.call('HMGET', KEYS[n + 1], 'level', 'idle', 'next')
  if shard[1] ~= run[1] or shard[2] ~= '1' then return {'wait', run[1], run[2]} end
  next = next + tonumber(shard[3])
end
if next == 0 then
  redis.call('HSET', KEYS[1], 'phase', 'done')
  return {'ok', run[1], 'done'}
end
local level = tostring(tonumber(run[1]) + 1)
redis.call('HSET', KEYS[1], 'level', level)
return {'ok', level, run[2]}
`

/**
 * Sets the search back to the beginning of its level, after a restart of the server that may have lost what came last:
 * states on their way are dropped, and sent again. KEYS: run, then for each shard its stream and its hash.
 */
const SET_BACK = `#!lua flags=allow-oom
local server = string.match(redis.call('INFO', 'server'), 'run_id:(%w+)')
local known = redis.call('HGET', KEYS[1], 'server')
if not known then return {'gone'} end
if known == server then return {'ok'} end
for n = 2, #KEYS, 2 do
  redis.call('DEL', KEYS[n])
  redis.call('HSET', KEYS[n + 1], 'idle', '0')
end
redis.call('HSET', KEYS[1], 'server', server)
redis.call('HINCRBY', KEYS[1], 'generation', 1)
return {'ok'}
`

/** What a script said: what became of it, and the level and the phase of the run where it tells them. */
export interface Replied {
  readonly reply: Reply
  readonly level: number
  readonly phase: string
}

/** Sets a run back to the beginning of its level, unless that was done since the server was started. */
export async function setBack(client: RedisClient, keys: RunKeys, shards: number): Promise<void> {
  await evaluate(client, SET_BACK, [keys.run, ...streamsAndShards(keys, shards)], [])
}

/** KEYS: owner. ARGV: token. */
const RELEASE = `#!lua flags=allow-oom
if redis.call('GET', KEYS[1]) == ARGV[1] then redis.call('DEL', KEYS[1]) end
return {'ok'}
`

/** KEYS: owner. ARGV: token, lease. */
const RENEW = `#!lua flags=allow-oom
local owner = redis.call('GET', KEYS[1])
if not owner or owner == ARGV[1] then redis.call('SET', KEYS[1], ARGV[1], 'PX', ARGV[2]) end
return {'ok'}
`

/** Keeps a shard for a process that is being started, which can take longer than a lease lasts. */
export async function renewShard(
  client: RedisClient,
  keys: RunKeys,
  shard: number,
  token: string,
): Promise<void> {
  await evaluate(client, RENEW, [keys.owner(shard)], [token, LEASE_MS])
}

/** Gives a shard free whose process is gone. */
export async function releaseShard(
  client: RedisClient,
  keys: RunKeys,
  shard: number,
  token: string,
): Promise<void> {
  await evaluate(client, RELEASE, [keys.owner(shard)], [token])
}

/** KEYS: run. A search that is done stays done. */
const STOP = `#!lua flags=allow-oom
if redis.call('HGET', KEYS[1], 'phase') ~= 'search' then return {'ok'} end
redis.call('HSET', KEYS[1], 'phase', 'stop')
return {'ok'}
`

/** Ends a run before it is done. */
export async function stopRun(client: RedisClient, { run }: RunKeys): Promise<void> {
  await evaluate(client, STOP, [run], [])
}

const streamsAndShards = (keys: RunKeys, shards: number): string[] =>
  Array.from({ length: shards }, (_, n) => [keys.stream(n), keys.shard(n)]).flat()

type Argument = string | number | Uint8Array

/** Runs the scripts for one shard. */
export class ShardScripts {
  readonly #client: RedisClient
  readonly #keys: RunKeys
  readonly #shard: number
  readonly #shards: number
  readonly #token: string
  /** How often the search was set back, as this process knows it. */
  generation = 0

  /** @param token of this process, unlike that of any other. */
  constructor(client: RedisClient, keys: RunKeys, shard: number, shards: number, token: string) {
    this.#client = client
    this.#keys = keys
    this.#shard = shard
    this.#shards = shards
    this.#token = token
  }

  publish(to: number, batch: Uint8Array): Promise<Replied> {
    return this.#run(PUBLISH, [this.#keys.stream(to)], [WATERMARK, batch])
  }

  acknowledge(
    fields: Readonly<Record<string, string | number>>,
    entries: readonly string[],
  ): Promise<Replied> {
    const { stream, shard } = this.#keys
    const shown = Object.fromEntries(Object.entries(fields).map(([name, value]) => [name, String(value)]))
    return this.#run(
      ACKNOWLEDGE,
      [stream(this.#shard), shard(this.#shard)],
      [JSON.stringify(shown), ...entries],
    )
  }

  advance(level: number): Promise<Replied> {
    return this.#run(ADVANCE, streamsAndShards(this.#keys, this.#shards), [level])
  }

  async #run(script: string, keys: readonly string[], args: readonly Argument[]): Promise<Replied> {
    const all = [this.#keys.run, this.#keys.owner(this.#shard), ...keys]
    return replied(
      await evaluate(this.#client, script, all, [this.#token, this.generation, LEASE_MS, ...args]),
    )
  }
}

/** Runs a script that the server may know already, by its hash. */
async function evaluate(
  client: RedisClient,
  script: string,
  keys: readonly string[],
  args: readonly Argument[],
): Promise<unknown> {
  const hash = hashes.get(script) ?? createHash('sha1').update(script).digest('hex')
  hashes.set(script, hash)
  try {
    return await client.call('EVALSHA', [hash, keys.length, ...keys, ...args])
  } catch (error) {
    if (!(error as Error).message.startsWith('NOSCRIPT')) throw error
    return client.call('EVAL', [script, keys.length, ...keys, ...args])
  }
}

const hashes = new Map<string, string>()

function replied(reply: unknown): Replied {
  const [what, level, phase] = reply as readonly unknown[]
  if (!REPLIES.includes(what as Reply)) throw new Error(`an unknown reply of a script: ${String(what)}`)
  return { reply: what as Reply, level: Number(level ?? 0), phase: String(phase ?? '') }
}
