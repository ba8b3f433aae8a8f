import type { Checker } from './checker.ts'
import type { Io } from './io.ts'
import type { Keeper } from './keeper.ts'
import type { Runner } from './runner.ts'

/** What every command works with; tests put their own parts in. */
export interface Session extends Checker {
  readonly io: Io
  readonly runner: Runner
  readonly keeper: Keeper
  /** Aborted by SIGINT, SIGTERM and SIGHUP; the reason is the exit status. */
  readonly signal: AbortSignal
}

/** The exit status that an interruption asks for, or null when there was none. */
export function interruption(signal: AbortSignal): number | null {
  return signal.aborted ? Number(signal.reason) : null
}
