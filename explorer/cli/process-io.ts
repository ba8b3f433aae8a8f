import { Chalk, type ChalkInstance } from 'chalk'
import { EXIT } from './exit-status.ts'
import type { Io } from './io.ts'

const ERASE_LINE = '\r\x1b[K'

/** The streams of a process, and whether its output was written. */
export interface ProcessIo extends Io {
  /** Waits until all output is written. @returns the error code of standard output, or null. */
  drained(): Promise<string | null>
}

/**
 * The streams of this process. A closed pipe ends the process silently with status 141, as SIGPIPE would: it must not
 * turn into a verdict. What standard output does not take for another reason, such as a full disk, goes to standard
 * error, so that no result is lost.
 */
export function processIo(): ProcessIo {
  const { stdout, stderr, stdin, env } = process
  const live = stderr.isTTY === true && env.TERM !== 'dumb'
  let shown = false
  const wipe = (): void => {
    if (shown) stderr.write(ERASE_LINE)
    shown = false
  }
  for (const stream of [stdout, stderr]) {
    stream.on('error', (error: NodeJS.ErrnoException) => {
      if (error.code === 'EPIPE') process.exit(EXIT.readerGone)
    })
  }
  let failure: string | null = null
  const rescue = (line: string, { code = 'unknown error' }: NodeJS.ErrnoException): void => {
    if (code === 'EPIPE') return
    if (failure === null)
      stderr.write(
        `mmucheck: warning: cannot write to standard output: ${code}; the rest of it follows here\n`,
      )
    failure ??= code
    stderr.write(`${line}\n`)
  }
  return {
    out: (line) => {
      wipe()
      stdout.write(`${line}\n`, (error) => {
        if (error) rescue(line, error)
      })
    },
    drained: () =>
      new Promise((resolve) => {
        // Writes complete in order, so everything before this one is written, too.
        stdout.write('', () => stderr.write('', () => resolve(failure)))
      }),
    err: (line) => {
      wipe()
      stderr.write(`${line}\n`)
    },
    status: (line) => {
      if (!live) return
      stderr.write(ERASE_LINE + line)
      shown = line !== ''
    },
    live,
    colour: coloursFor(env),
    input: stdin,
    editor: live && stdin.isTTY ? stderr : null,
    piped: stdout.isTTY !== true,
    width: widthOf(env.COLUMNS),
  }
}

/** chalk handles FORCE_COLOR and TERM=dumb, but not NO_COLOR (no-color.org). */
function coloursFor(env: NodeJS.ProcessEnv): ChalkInstance {
  const forced = env.FORCE_COLOR !== undefined
  const refused = env.NO_COLOR !== undefined && env.NO_COLOR !== ''
  return refused && !forced ? new Chalk({ level: 0 }) : new Chalk()
}

function widthOf(columns: string | undefined): number {
  const asked = Number(columns)
  return Number.isInteger(asked) && asked >= 40 && asked < 80 ? asked : 80
}
