import { loadIoredis, type RedisClient } from './packages.ts'
import type { RedisAddress } from './redis-address.ts'

/** Redis cannot be used: not reached, another password, foreign data, another version. One line, without the password. */
export class RedisError extends Error {
  override readonly name = 'RedisError'
}

/** Milliseconds to wait for the first connection. */
const FIRST_WAIT_MS = 10_000

/** Most milliseconds between two attempts to connect again. */
const LONGEST_PAUSE_MS = 2000

/** Oldest major version with scripts that may run when memory is full. */
const OLDEST = 7

/** Replies after which another attempt gives the same. */
const REFUSED =
  /^(?:WRONGPASS|NOAUTH|NOPERM|ERR (?:invalid password|AUTH|Client sent AUTH|DB index|invalid DB))/

/** Tells the user that the connection was lost, and that it is back. */
export type OnConnection = (what: 'lost' | 'back', why: string) => void

/**
 * Connects to Redis. A connection that is lost later is made again, however long that takes, and commands wait for it.
 * @param onConnection called once when it is lost, and once when it is back.
 * @throws MissingPackages, RedisError.
 */
export async function connectRedis(
  address: RedisAddress,
  onConnection: OnConnection = () => {},
): Promise<RedisClient> {
  const { Redis } = await loadIoredis()
  const client = new Redis(address.secretUrl, {
    connectionName: 'mmucheck',
    // Replies in one form, whatever the version of the client.
    protocol: 2,
    maxRetriesPerRequest: null,
    connectTimeout: FIRST_WAIT_MS,
    retryStrategy: (attempt: number) => Math.min(LONGEST_PAUSE_MS, 50 * 2 ** Math.min(attempt, 6)),
  })
  let last = ''
  let isLost = false
  client.on('error', (error) => {
    last = wordsOf(address, error)
  })
  try {
    await firstReady(client, () => last)
    await refuseOld(client)
  } catch (error) {
    client.disconnect()
    if (error instanceof RedisError) throw new RedisError(`${address.shown}: ${error.message}`)
    throw new RedisError(`${address.shown}: ${wordsOf(address, error as Error)}`)
  }
  client.on('close', () => {
    if (!isLost) onConnection('lost', last)
    isLost = true
  })
  client.on('ready', () => {
    if (isLost) onConnection('back', '')
    isLost = false
  })
  return client
}

/** What went wrong, in one line without the password. */
export function wordsOf(address: RedisAddress, error: Error): string {
  const { code, message } = error as NodeJS.ErrnoException
  const text = message === '' ? (code ?? error.name) : message
  return address.redacted(text.split('\n')[0])
}

/** The client as the connection of a queue of BullMQ, which makes more connections like it. */
export const connectionOf = (client: RedisClient): Readonly<Record<string, unknown>> => ({
  connection: client,
})

function firstReady(client: RedisClient, last: () => string): Promise<void> {
  return new Promise((resolve, reject) => {
    const settle = (then: () => void): void => {
      clearTimeout(timer)
      client.off('ready', onReady)
      client.off('error', onError)
      then()
    }
    const onReady = (): void => settle(resolve)
    const onError = (error: Error): void => {
      if (REFUSED.test(error.message)) settle(() => reject(new RedisError(`refused: ${last()}`)))
    }
    const timer = setTimeout(() => {
      const why = last() === '' ? `no answer in ${FIRST_WAIT_MS / 1000} s` : last()
      settle(() => reject(new RedisError(`cannot be reached: ${why}`)))
    }, FIRST_WAIT_MS)
    client.on('ready', onReady)
    client.on('error', onError)
  })
}

async function refuseOld(client: RedisClient): Promise<void> {
  const { version } = await serverOf(client)
  const major = Number.parseInt(version, 10)
  if (!(major >= OLDEST)) throw new RedisError(`is version ${version}; Redis ${OLDEST} or Valkey is needed`)
}

/** What identifies a run of the server: another id after each of its starts. */
export async function serverOf(
  client: RedisClient,
): Promise<{ readonly id: string; readonly version: string }> {
  const info = String(await client.call('INFO', ['server']))
  const find = (name: string): string => new RegExp(`^${name}:(\\S+)`, 'm').exec(info)?.[1] ?? ''
  // Valkey says which Redis it is compatible with.
  return { id: find('run_id'), version: find('valkey_version') || find('redis_version') || '0' }
}
