import { type LogFile, linesOf } from './log-file.ts'
import type { LineReader } from './traced-model.ts'

/**
 * Reads a log from its start and hands each event on, with its line.
 * @throws InputError for a file that cannot be read; what the reader throws for one that is no log.
 */
export async function eachEvent<E>(
  file: LogFile,
  reader: LineReader<E>,
  take: (event: E, line: number, text: string) => void,
): Promise<void> {
  const pieces = linesOf(file)
  let line = 0
  for (;;) {
    const { value, done } = await pieces.next()
    if (done) return reader.end(value)
    for (const text of value) {
      line++
      const event = reader.push(text)
      if (event !== null) take(event, line, text)
    }
  }
}

/** The events of a log one after the other, with their texts. @throws as `eachEvent` does. */
export async function* eventsOf<E>(
  file: LogFile,
  reader: LineReader<E>,
): AsyncGenerator<{ readonly event: E; readonly text: string }> {
  const pieces = linesOf(file)
  for (;;) {
    const { value, done } = await pieces.next()
    if (done) return reader.end(value)
    for (const text of value) {
      const event = reader.push(text)
      if (event !== null) yield { event, text: text.trim() }
    }
  }
}
