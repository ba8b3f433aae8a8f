import type { PropertyResult } from '../search/index.ts'
import type { Cell } from './cells.ts'
import type { CounterexampleReport } from './report/report.ts'

export interface WriteOptions {
  /** Output folder; created when it is missing. */
  readonly out: string
  /** Called with the folder and the error code when a violation cannot be written. */
  readonly onUnwritten: (why: string) => void
  /** Whether the traces are known to have the fewest steps; others are shrunk to fewer steps first. */
  readonly shortest: boolean
}

/** Writes the counterexamples of a search, and confirms them. */
export interface CounterexampleWriter {
  /**
   * Writes each violation to a file and has it replayed by xstate in a fresh process. The report of one that cannot be
   * written holds its contents, and that of one that could not be replayed says why.
   * @returns reports by property id.
   * @throws InternalError when a replay does not end in the violation; the file stays as evidence.
   */
  write(
    cell: Cell,
    violated: readonly PropertyResult[],
    options: WriteOptions,
  ): Promise<ReadonlyMap<string, CounterexampleReport>>
}
