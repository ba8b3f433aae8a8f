import type { PropertyResult } from '../search/index.ts'
import type { Cell } from './plan.ts'
import type { Counterexample } from './report/report.ts'

/** Where counterexamples go. */
export interface KeepOptions {
  /** Folder; made when it is missing. */
  readonly out: string
  /** Told when a violation could not be written: the folder and the error code. */
  readonly onUnwritten: (why: string) => void
  /** True for traces of a search that finds shortest ones; others are made smaller first. */
  readonly shortest: boolean
}

/** Keeps violations as files. */
export interface Keeper {
  /**
   * Writes each violation, and has it replayed by xstate in a fresh process. One that cannot be written is given
   * with its contents.
   * @returns by property id.
   * @throws InternalError when a replay does not end in the violation; the file stays as evidence.
   */
  keep(
    cell: Cell,
    violated: readonly PropertyResult[],
    options: KeepOptions,
  ): Promise<ReadonlyMap<string, Counterexample>>
}
