import type { ObservedLog } from '../../model/language/observation.ts'
import type { FollowerOptions } from './follower.ts'
import { Following } from './following.ts'
import type { FollowResult } from './result.ts'

export interface FollowOptions extends FollowerOptions {
  /** Called now and then with the observations agreed with and the size of the set. */
  readonly onProgress?: (observations: number, candidates: number) => void
}

/** Observations between two calls of `onProgress`. */
const PROGRESS = 1024

/**
 * Follows a log: is there a behaviour of the system that agrees with all observations? Memory does not depend on the
 * length of the log.
 * @throws ModelError for a log that names threads or steps that do not exist, and for model code that fails.
 */
export async function follow(log: ObservedLog, options: FollowOptions = {}): Promise<FollowResult> {
  const following = new Following(log, options)
  for await (const observation of log.observations()) following.count(observation)
  const { follower } = following
  let read = 0
  for await (const observation of log.observations()) {
    if (!following.push(observation)) break
    if (++read % PROGRESS === 0) options.onProgress?.(follower.observed, follower.candidates.liveCount)
  }
  return following.result()
}
