import type { ChalkInstance } from 'chalk'

/** Where a command writes. Results go to `out`, everything else to `err`. */
export interface Io {
  /** Adds a line to standard output. */
  out(line: string): void
  /** Adds a line to standard error. */
  err(line: string): void
  /** Shows a line on standard error that the next output replaces; only when `live`. */
  status(line: string): void
  /** True when standard error is a terminal that can replace a line. */
  readonly live: boolean
  /** Colours for standard output. */
  readonly colour: ChalkInstance
  /** Lines typed by the user, for interactive commands. */
  readonly input: NodeJS.ReadableStream
  /** The terminal on which what is typed can be edited; null if the input does not come from one. */
  readonly editor: NodeJS.WritableStream | null
  /** True when standard output is no terminal: lists have one line per item then, for grep. */
  readonly piped?: boolean
  /** Columns of text; 80 unless COLUMNS says less. */
  readonly width: number
}
