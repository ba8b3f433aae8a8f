import type { ObservedLog } from '../../model/language/observation.ts'
import { Follower, type FollowerOptions } from './follower.ts'
import { type FollowResult, resultOf } from './result.ts'
import { TracedSystem } from './traced-system.ts'
import { planOf } from './windows.ts'

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
  const plan = await planOf(log)
  const traced = new TracedSystem(log.system, log.observable, log.harness)
  const follower = new Follower(traced, plan, options)
  let read = 0
  for await (const observation of log.observations()) {
    if (!follower.push(observation)) break
    if (++read % PROGRESS === 0) options.onProgress?.(follower.observed, follower.candidates.liveCount)
  }
  return resultOf(follower, plan, log.harness)
}
