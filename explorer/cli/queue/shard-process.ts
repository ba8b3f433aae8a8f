import { z } from 'zod'
import { quotedPath } from '../../../model/language/quoted.ts'
import { FolderInUse, lockFolder } from '../../checkpoint/index.ts'
import { programFile } from '../../program-file.ts'
import { connectRedis, wordsOf } from '../../queue/connection.ts'
import { RedisAddress } from '../../queue/redis-address.ts'
import { runSpecShape } from '../../shards/run-spec.ts'
import { runKeys } from '../../shards/scripts.ts'
import { runShard } from '../../shards/shard-runner.ts'
import { errorInWords } from '../reason-words.ts'
import { subjectOf } from '../search-subject.ts'
import { endWithWorker } from './processor.ts'

/**
 * The process of one shard. A worker starts it and sends it what to do; the address of Redis, which may have a password,
 * is in no argument and no environment variable.
 */

const orderShape = z.strictObject({
  url: z.string(),
  run: z.string(),
  spec: runSpecShape,
  shard: z.int().min(0),
  folder: z.string(),
  place: z.string(),
  token: z.string(),
})

/** What the process of a shard is to do. */
export type ShardOrder = z.infer<typeof orderShape>

/** What it tells its worker. */
export type ShardMessage =
  | { readonly kind: 'line'; readonly text: string }
  | { readonly kind: 'end'; readonly how: 'ended' | 'lost' }
  | { readonly kind: 'failed'; readonly why: string }

endWithWorker()
process.once('message', (order) => {
  work(orderShape.parse(order)).then(
    (how) => tell({ kind: 'end', how }),
    (error: unknown) => tell({ kind: 'failed', why: errorInWords(error as Error) }),
  )
})

async function work(order: ShardOrder): Promise<'ended' | 'lost'> {
  const { url, run, spec, shard, folder, place, token } = order
  const { scenario, design, kernel, properties, unasked } = spec.subject
  const address = new RedisAddress(url)
  const names = { scenario, design, ...(kernel === null ? {} : { kernel }), properties, unasked }
  const lock = lockFolder(folder)
  try {
    const model = await subjectOf(programFile('kvm-catalogue').href, names)
    const client = await connectRedis(address)
    const onFull = (why: string): void => send({ kind: 'line', text: why })
    try {
      const keys = runKeys(run)
      return await runShard({ client, keys, spec, shard, folder, place, token, model, onFull })
    } catch (error) {
      throw new Error(wordsOf(address, error as Error))
    } finally {
      client.disconnect()
    }
  } catch (error) {
    if (error instanceof FolderInUse) throw error
    throw new Error(`${quotedPath(folder)}: ${(error as Error).message}`)
  } finally {
    lock.release()
  }
}

function send(message: ShardMessage): void {
  process.send?.(message)
}

/** Tells how it ended, and ends. */
function tell(message: ShardMessage): void {
  process.send?.(message, () => process.exit(0))
}
