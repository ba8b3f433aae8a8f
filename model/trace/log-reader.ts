import { quoted } from '../language/quoted.ts'
import { LogError } from './errors.ts'
import { type LineOptions, parseLine, type TraceEvent } from './line.ts'

/** Longest line of a log; ftrace prints far less. */
const LONGEST_LINE = 8192

const HEADER = /^# entries-in-buffer\/entries-written: (\d+)\/(\d+) /
const LOST = /^(?:CPU:\d+ \[LOST |#{5} CPU \d+ buffer started)/

/**
 * Reads the lines of one log in order, and refuses what is no complete log of one recording in one known order. Keeps
 * nothing of the lines, so it needs no memory for a long log.
 */
export class LogReader {
  readonly #options: LineOptions
  #line = 0
  #events = 0
  #promised: number | null = null
  #tracer = false
  #last = -1
  #cpu = -1

  constructor(options: LineOptions = {}) {
    this.#options = options
  }

  /** The events read so far. */
  get events(): number {
    return this.#events
  }

  /**
   * Reads the next line, without its line feed.
   * @returns null for a line without an event.
   * @throws LogError naming the line.
   */
  push(text: string): TraceEvent | null {
    this.#line++
    if (text.length > LONGEST_LINE || text.includes('\0'))
      throw this.#refused(`is not text of ftrace: ${quoted(text.slice(0, 100), 60)}`)
    if (text.startsWith('#')) return this.#comment(text)
    if (text === '') return null
    if (LOST.test(text)) throw this.#refused(`says that events are lost: ${quoted(text, 60)}`)
    if (this.#promised === null) {
      parseLine(text, this.#line) // Refuses what is no event before it asks for a header.
      throw new LogError(
        'has no line "# entries-in-buffer/entries-written" before its events, so whether some are lost is not known: record the file trace, not trace_pipe',
      )
    }
    const event = parseLine(text, this.#line, this.#options)
    // An interrupt between the two halves of writing an event leaves events of one CPU with one time, in order.
    if (event.time < this.#last || (event.time === this.#last && event.cpu !== this.#cpu)) {
      const how = event.time === this.#last ? 'has the time of' : 'is earlier than'
      throw this.#refused(
        `${how} the event before it${event.time === this.#last ? ', on another CPU' : ''} (${event.time}, ${this.#last}): two logs, or a clock that does not order events; record with trace_clock=counter`,
      )
    }
    this.#last = event.time
    this.#cpu = event.cpu
    this.#events++
    return event
  }

  /**
   * @param unfinished whether the last line had no line feed.
   * @throws LogError for a log that ends inside a line, or before its header says.
   */
  end(unfinished: boolean): void {
    if (unfinished) throw this.#refused('has no end: the log is cut')
    if (this.#promised === null) throw new LogError('has no events and no header of ftrace')
    if (this.#events !== this.#promised)
      throw new LogError(
        `has ${this.#events} events and its header says ${this.#promised}: ${this.#events < this.#promised ? 'the log is cut' : 'events were added'}`,
      )
  }

  #comment(text: string): null {
    if (text.startsWith('# tracer:')) {
      if (this.#tracer || this.#events > 0) throw this.#refused('begins a second log: give them as two files')
      this.#tracer = true
    }
    const header = HEADER.exec(`${text} `)
    if (header !== null) {
      if (this.#promised !== null) throw this.#refused('begins a second log: give them as two files')
      const [, kept, written] = header
      if (kept !== written)
        throw this.#refused(
          `says that the buffers overflowed (${kept} of ${written} events are left): record with a larger buffer_size_kb`,
        )
      this.#promised = Number(kept)
    } else if (LOST.test(text)) throw this.#refused(`says that events are lost: ${quoted(text, 60)}`)
    return null
  }

  #refused(what: string): LogError {
    return new LogError(`line ${this.#line} ${what}`)
  }
}

/**
 * The events of a log that is in memory, for tests and short logs.
 * @throws LogError as `LogReader` does.
 */
export function readLog(text: string, options: LineOptions = {}): TraceEvent[] {
  const reader = new LogReader(options)
  const events: TraceEvent[] = []
  const lines = text.split('\n')
  const unfinished = lines.pop() !== ''
  for (const line of lines) {
    const event = reader.push(line)
    if (event !== null) events.push(event)
  }
  reader.end(unfinished)
  return events
}
