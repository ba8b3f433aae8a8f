import { z } from 'zod'
import { quoted } from '../../../model/language/quoted.ts'
import { BUILDS, keysOf } from '../../queue/keys.ts'
import type { Session } from './session.ts'

const buildShape = z.strictObject({ version: z.string(), modelHash: z.string(), code: z.string() })

/** Another build that has work here, and why this program does not do it. */
export interface OtherBuild {
  readonly build: string
  readonly why: string
}

/** The builds that have put work into Redis, by id; what is no description of a build is left out. */
export async function knownBuilds({
  client,
}: Pick<Session, 'client'>): Promise<ReadonlyMap<string, z.infer<typeof buildShape>>> {
  const flat = (await client.call('HGETALL', [BUILDS])) as string[]
  const known = new Map<string, z.infer<typeof buildShape>>()
  for (let n = 0; n + 1 < flat.length; n += 2) {
    const described = buildShape.safeParse(parsed(flat[n + 1]))
    if (described.success) known.set(flat[n], described.data)
  }
  return known
}

/** The builds that have work waiting which this one must not do. */
export async function otherBuilds(session: Session): Promise<readonly OtherBuild[]> {
  const { client, build: own, keys } = session
  const found: OtherBuild[] = []
  for (const [build, { version, modelHash }] of await knownBuilds(session)) {
    if (build === keys.build) continue
    const { queues, cells, walks, runs } = keysOf(build)
    const waiting = await Promise.all([
      ...[cells, walks].flatMap((queue) => [
        client.call('ZCARD', [`${queues}:${queue}:prioritized`]),
        client.call('LLEN', [`${queues}:${queue}:wait`]),
      ]),
      client.call('SCARD', [runs]),
    ])
    const jobs = waiting.reduce((sum: number, count) => sum + Number(count), 0)
    if (jobs === 0) continue
    const difference =
      version !== own.version
        ? `version ${quoted(version)}, this is ${own.version}`
        : modelHash !== own.modelHash
          ? `model ${quoted(modelHash)}, this is ${own.modelHash}`
          : 'the same model with other code of the checker'
    found.push({
      build,
      why: `${jobs} jobs wait for another build (${difference}); install the same version on every machine`,
    })
  }
  return found
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return null
  }
}
