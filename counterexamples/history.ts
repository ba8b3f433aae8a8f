import type { Replayed } from './replay.ts'

/** What the steps of a trace read and wrote. */
export interface History {
  readonly replayed: Replayed
  /** By step, the fields that it read, without program counters. */
  readonly reads: readonly ReadonlySet<number>[]
  /** By step, the fields that it changed. */
  readonly changed: readonly ReadonlySet<number>[]
}
