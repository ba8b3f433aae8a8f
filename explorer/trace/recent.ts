import type { Observation } from '../../model/language/observation.ts'
import type { BoundNames } from './bound-names.ts'
import type { WindowsStart } from './windows.ts'

/** Observations between two places from which a follower can start again. */
const DISTANCE = 16

/** Where a follower begins: absent for the initial states. */
export interface FollowerStart extends WindowsStart {
  /** Rows of candidates and the hashes of their states. */
  readonly rows: Int32Array
  readonly low: Int32Array
  /** Their counts of met items, modulo 256, with which the windows begin. */
  readonly begins: Uint8Array
  readonly names: BoundNames
}

/** A place in a log from which a follower can start again, and the observations from there on. */
export interface RecentPart {
  readonly start: FollowerStart
  readonly observations: readonly Observation[]
}

/**
 * The last observations of a log, with the candidates before them: what led to a rejection is found by following them
 * again. Between 16 and 32 of them, or all if the log is shorter.
 */
export class Recent {
  #older: FollowerStart | null = null
  #newer: FollowerStart | null = null
  /** Since the older start, and since the newer one. */
  #observations: Observation[] = []
  #sinceNewer = 0

  /** Whether the next observation needs a new start before it. */
  get isDue(): boolean {
    return this.#newer === null || this.#sinceNewer === DISTANCE
  }

  /** Keeps a place from which the observations that come now can be followed again. */
  begin(start: FollowerStart): void {
    if (this.#newer !== null) {
      this.#observations.splice(0, this.#observations.length - this.#sinceNewer)
      this.#older = this.#newer
    }
    this.#newer = start
    this.#sinceNewer = 0
  }

  add(observation: Observation): void {
    this.#observations.push(observation)
    this.#sinceNewer++
  }

  /** The last part of the log that can be followed again; null if there is none. */
  get part(): RecentPart | null {
    const start = this.#older ?? this.#newer
    return start === null ? null : { start, observations: this.#observations }
  }
}
