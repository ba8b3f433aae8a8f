import type { Checker } from './checker.ts'
import type { CounterexampleWriter } from './counterexample-writer.ts'
import type { DesignVetting } from './design-code/vet.ts'
import type { ModuleGraph } from './gate/module-graph.ts'
import type { Io } from './io.ts'
import type { CellComparer, CellJudge, SearchRunner } from './search-runner.ts'
import type { LogTracer } from './trace/log-report.ts'

/** What every command works with; tests replace parts of it. */
export interface CommandContext extends Checker {
  readonly io: Io
  readonly runner: SearchRunner
  readonly judge: CellJudge
  readonly comparer: CellComparer
  readonly tracer: LogTracer
  /** Runs the code of a design in a thread first; absent where there are no threads. */
  readonly vet?: DesignVetting
  /** The modules of this build; null if they are not known. */
  readonly modules: () => Promise<ModuleGraph | null>
  /** The environment variables. */
  readonly env: Readonly<Record<string, string | undefined>>
  readonly writer: CounterexampleWriter
  /** Aborted by SIGINT, SIGTERM and SIGHUP; the reason is the exit status. */
  readonly signal: AbortSignal
}

/** The exit status for the signal that interrupted the run, or null. */
export function interruption(signal: AbortSignal): number | null {
  return signal.aborted ? Number(signal.reason) : null
}
