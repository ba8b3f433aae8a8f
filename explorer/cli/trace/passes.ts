import { type LogFile, linesOf } from './log-file.ts'
import type { LineReader } from './traced-model.ts'

/** Takes the events of a log, one after the other. */
export interface Taker<E> {
  /** @param text the event as the log has it, blanks around it included. */
  push(event: E, line: number, text: string): void
  /** No more events are wanted. */
  readonly isDone?: boolean
}

/** Ends a pass early, because the run was interrupted. */
export class Interrupted extends Error {
  override readonly name = 'Interrupted'
}

/** What a pass took, in seconds: to read and parse the log, and each taker. */
export interface PassSeconds {
  readonly reading: number
  readonly takers: readonly number[]
}

/**
 * Reads a log once from its start, for several takers: each of them gets some thousand events at a time, which are
 * then forgotten. Ends when all of them are done.
 * @throws InputError for a file that cannot be read; what the reader throws for one that is no log; Interrupted.
 */
export async function readThrough<E>(
  file: LogFile,
  reader: LineReader<E>,
  takers: readonly Taker<E>[],
  stop: () => boolean = () => false,
): Promise<PassSeconds> {
  const takes = takers.map(() => 0)
  const begun = performance.now()
  const pieces = linesOf(file)
  const events: E[] = []
  const lines: number[] = []
  let line = 0
  try {
    for (;;) {
      if (stop()) throw new Interrupted('interrupted')
      const { value, done } = await pieces.next()
      if (done) {
        reader.end(value)
        break
      }
      const first = line + 1
      events.length = 0
      lines.length = 0
      for (const text of value) {
        line++
        const event = reader.push(text)
        if (event === null) continue
        events.push(event)
        lines.push(line)
      }
      for (const [n, taker] of takers.entries()) {
        const start = performance.now()
        for (let k = 0; k < events.length && taker.isDone !== true; k++)
          taker.push(events[k], lines[k], value[lines[k] - first])
        takes[n] += performance.now() - start
      }
      if (takers.every(({ isDone }) => isDone === true)) break
    }
  } finally {
    await pieces.return(false)
  }
  const all = performance.now() - begun
  const reading = all - takes.reduce((sum, ms) => sum + ms, 0)
  return { reading: reading / 1000, takers: takes.map((ms) => ms / 1000) }
}
