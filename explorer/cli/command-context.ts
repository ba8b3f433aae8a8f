import type { Checker } from './checker.ts'
import type { CounterexampleWriter } from './counterexample-writer.ts'
import type { Io } from './io.ts'
import type { SearchRunner } from './search-runner.ts'

/** What every command works with; tests put their own parts in. */
export interface CommandContext extends Checker {
  readonly io: Io
  readonly runner: SearchRunner
  readonly writer: CounterexampleWriter
  /** Aborted by SIGINT, SIGTERM and SIGHUP; the reason is the exit status. */
  readonly signal: AbortSignal
}

/** The exit status that an interruption asks for, or null when there was none. */
export function interruption(signal: AbortSignal): number | null {
  return signal.aborted ? Number(signal.reason) : null
}
