import type { FittedSlice, Logged } from '../../../model/trace/slice.ts'
import { observedLog } from '../../../model/trace/slice.ts'
import { follow } from '../../trace/index.ts'
import { type ListedLog, naivelyAgreed } from '../../trace/testing/naive-follower.ts'

/** States of the product of system and log that are visited at most. */
const MOST_VISITED = 30_000

/** What the follower says of a printed log, and what the exhaustive product of log and system says of it. */
export interface Compared {
  readonly verdict: string
  readonly expected: 'followed' | 'rejected'
}

/** Follows a printed log both ways; null where the product is too large to be visited. */
export async function againstProduct(
  slice: FittedSlice,
  events: readonly Logged[],
): Promise<Compared | null> {
  const watch = slice.watch()
  const made = events.flatMap(({ event, text }) => [...watch.push(event, text)])
  const observations = [...made, ...watch.end()]
  const log = { system: slice.system(), observable: slice.observable, observations }
  const agreed = naivelyAgreed(log as unknown as ListedLog, MOST_VISITED)
  if (agreed === null) return null
  const { verdict } = await follow(observedLog(slice, () => events))
  return { verdict: verdict.kind, expected: agreed === observations.length ? 'followed' : 'rejected' }
}
