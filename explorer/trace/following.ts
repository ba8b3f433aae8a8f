import type { Observation, ObservedLog } from '../../model/language/observation.ts'
import { Follower, type FollowerOptions } from './follower.ts'
import { type FollowResult, resultOf } from './result.ts'
import { TracedSystem } from './traced-system.ts'
import { type Plan, Planner } from './windows.ts'

/** What a log is followed with. */
export type Followed = Pick<ObservedLog, 'system' | 'observable' | 'harness'>

/**
 * Follows a log that is handed over observation by observation, twice: first to `count`, then to `push`. For a caller
 * that reads the log itself, for example for several slices at once.
 */
export class Following {
  readonly #log: Followed
  readonly #options: FollowerOptions
  readonly #planner = new Planner()
  #second: { readonly plan: Plan; readonly follower: Follower } | null = null

  constructor(log: Followed, options: FollowerOptions = {}) {
    this.#log = log
    this.#options = options
  }

  /** Takes the next observation of the first pass. */
  count(observation: Observation): void {
    this.#planner.add(observation)
  }

  /**
   * Takes the next observation of the second pass.
   * @returns whether more observations are wanted.
   * @throws ModelError for a log that names what the system does not have, and for model code that fails.
   */
  push(observation: Observation): boolean {
    return this.follower.push(observation)
  }

  /** @throws Error when the second pass had other observations than the first. */
  result(): FollowResult {
    const { follower } = this
    return resultOf(follower, (this.#second as { plan: Plan }).plan, this.#log.harness)
  }

  /** The follower of the second pass, which begins with it. */
  get follower(): Follower {
    if (this.#second === null) {
      const { system, observable, harness } = this.#log
      const { plan } = this.#planner
      const traced = new TracedSystem(system, observable, harness)
      this.#second = { plan, follower: new Follower(traced, plan, this.#options) }
    }
    return this.#second.follower
  }
}
