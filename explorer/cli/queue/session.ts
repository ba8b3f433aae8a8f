import { quoted } from '../../../model/language/quoted.ts'
import { connectRedis, type OnConnection, RedisError, wordsOf } from '../../queue/connection.ts'
import { BUILDS, type Build, buildId, type Keys, keysOf, refuseForeign } from '../../queue/keys.ts'
import { MissingPackages, type RedisClient } from '../../queue/packages.ts'
import { BadAddress, RedisAddress } from '../../queue/redis-address.ts'
import type { CommandContext } from '../command-context.ts'
import { InternalError, UsageError } from '../errors.ts'

/** The connection of a command to Redis, and what it works on there. */
export interface Session {
  readonly client: RedisClient
  readonly address: RedisAddress
  readonly build: Build
  readonly keys: Keys
  /** Another connection, for a queue. */
  connect(): Promise<RedisClient>
}

/** Environment variable with the address, so that it does not stand on a command line that others can read. */
export const REDIS = 'MMUCHECK_REDIS'

/**
 * Connects to the Redis that `--redis` or the environment names, does something, and closes all connections.
 * @returns what `body` returns.
 * @throws UsageError where Redis cannot be used, or packages are missing; the errors of `body`.
 */
export async function withSession<T>(
  context: CommandContext,
  redis: string | undefined,
  body: (session: Session) => Promise<T>,
): Promise<T> {
  const { io } = context
  const address = addressOf(redis ?? context.env[REDIS])
  // The address was an argument: what `ps` shows from now on has no password.
  process.title = 'mmucheck'
  const clients: RedisClient[] = []
  let isEnding = false
  const onConnection: OnConnection = (what, why) => {
    if (isEnding) return
    io.err(
      what === 'lost'
        ? `mmucheck: lost ${address.shown}${why === '' ? '' : ` (${quoted(why)})`}; waiting for it`
        : `mmucheck: connected to ${address.shown} again`,
    )
  }
  const connect = async (): Promise<RedisClient> => {
    const client = await connectRedis(address, clients.length === 0 ? onConnection : undefined)
    clients.push(client)
    return client
  }
  try {
    const build = await buildOf(context)
    const client = await connect()
    const keys = keysOf(buildId(build))
    await refuseForeign(client, keys)
    await client.call('HSET', [BUILDS, keys.build, JSON.stringify(build)])
    return await body({ client, address, build, keys, connect })
  } catch (error) {
    throw inWords(error, address)
  } finally {
    isEnding = true
    for (const client of clients) client.disconnect()
  }
}

/** What this program is, to be compared with others. @throws UsageError where the build does not know its modules. */
export async function buildOf({
  version,
  modelHash,
  modules,
}: Pick<CommandContext, 'version' | 'modelHash' | 'modules'>): Promise<Build> {
  const graph = await modules()
  if (graph === null) throw new UsageError('this build does not know its modules; build it again')
  return { version, modelHash: modelHash(), code: graph.hashOfAll() }
}

function addressOf(text: string | undefined): RedisAddress {
  if (text === undefined) throw new UsageError(`name Redis with --redis URL, or in ${REDIS}`)
  try {
    return new RedisAddress(text)
  } catch (error) {
    if (error instanceof BadAddress) throw new UsageError(`--redis: ${error.message}`)
    throw error
  }
}

/** Errors of Redis in one line, and never with the password. */
function inWords(error: unknown, address: RedisAddress): unknown {
  if (error instanceof MissingPackages || error instanceof RedisError) return new UsageError(error.message)
  if (!(error instanceof Error)) return error
  // Errors of replies carry the command, which may be AUTH.
  if (error.name === 'ReplyError') return new InternalError(`${address.shown}: ${wordsOf(address, error)}`)
  return error
}
