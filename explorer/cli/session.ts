import type { Catalogue } from './catalogue.ts'
import type { Io } from './io.ts'
import type { Keeper } from './keeper.ts'
import type { Runner } from './runner.ts'

/** What every command works with; tests put their own parts in. */
export interface Session {
  readonly catalogue: Catalogue
  readonly io: Io
  readonly runner: Runner
  readonly keeper: Keeper
  /** Aborted by SIGINT and SIGTERM; the reason is the exit status. */
  readonly signal: AbortSignal
  /** Version of the package. */
  readonly version: string
  /** Hash of the model that results and counterexamples carry. */
  readonly modelHash: () => string
}

/** The exit status that an interruption asks for, or null when there was none. */
export function interruption(signal: AbortSignal): number | null {
  return signal.aborted ? Number(signal.reason) : null
}
