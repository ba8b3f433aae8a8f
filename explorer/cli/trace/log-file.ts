import {
  closeSync,
  createReadStream,
  createWriteStream,
  mkdtempSync,
  openSync,
  readSync,
  rmSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { basename, join } from 'node:path'
import { pipeline } from 'node:stream/promises'
import { createGunzip } from 'node:zlib'
import { InputError, isPassedPipe, openInput, reasonOf } from '../../../counterexamples/input-file.ts'
import { quotedPath } from '../../../model/language/quoted.ts'

/** Longest line of a text log; anything longer is no text. */
const LONGEST_LINE = 1 << 16
const GZIP_MAGIC = 0x8b1f

/** A log that can be read from the start any number of times. */
export interface LogFile {
  /** As the user names it, safe to print. */
  readonly name: string
  readonly path: string
}

/** Names of files that were made for a pipe. */
export interface SpooledLog extends LogFile {
  dispose(): void
}

/**
 * Opens a log: a regular file, gzipped or not; for `-`, and for a pipe that a shell passes, a copy of it in the
 * temporary folder, because it is read several times.
 * @param name for the output; default: the last part of the path.
 * @throws InputError for anything else.
 */
export async function openLog(
  path: string,
  input: NodeJS.ReadableStream,
  name = quotedPath(basename(path)),
): Promise<SpooledLog> {
  if (path === '-') return spool('standard input', input)
  if (isPassedPipe(path)) return spool(quotedPath(path), createReadStream(path))
  closeSync(openInput(path, { instead: '; pipe it into "mmucheck trace -"' }))
  return { name, path, dispose: () => {} }
}

async function spool(name: string, from: NodeJS.ReadableStream): Promise<SpooledLog> {
  const folder = mkdtempSync(join(tmpdir(), 'mmucheck-log-'))
  const path = join(folder, 'log')
  const dispose = (): void => rmSync(folder, { recursive: true, force: true })
  try {
    await pipeline(from, createWriteStream(path))
  } catch (error) {
    dispose()
    throw new InputError(reasonOf(error))
  }
  return { name, path, dispose }
}

/**
 * The lines of a log in pieces, without line feeds. Memory does not depend on the length of the log.
 * @returns whether there is text behind the last line feed, of a line that is cut; it is not handed out.
 * @throws InputError for a file that cannot be read, or whose gzip data is cut or damaged.
 */
export async function* linesOf({ path }: LogFile): AsyncGenerator<readonly string[], boolean> {
  const file = createReadStream(path, { highWaterMark: 1 << 18 })
  const source = isGzip(path) ? file.pipe(createGunzip()) : file
  if (source !== file) file.on('error', (error) => source.destroy(error))
  // One byte, one character: the fields that are read are ASCII.
  source.setEncoding('latin1')
  let rest = ''
  try {
    for await (const chunk of source) {
      const lines = (rest + String(chunk)).split('\n')
      rest = lines.pop() ?? ''
      if (rest.length > LONGEST_LINE)
        throw new InputError(`it is no text: a line is longer than ${LONGEST_LINE} characters`)
      if (lines.length > 0) yield lines
    }
  } catch (error) {
    if (error instanceof InputError) throw error
    const { code = '', message } = error as NodeJS.ErrnoException
    if (code === 'Z_BUF_ERROR') throw new InputError('its gzip data is cut')
    if (code.startsWith('Z_')) throw new InputError(`its gzip data is damaged (${message})`)
    throw new InputError(reasonOf(error))
  } finally {
    file.destroy()
  }
  return rest !== ''
}

function isGzip(path: string): boolean {
  const file = openSync(path, 'r')
  try {
    const magic = Buffer.alloc(2)
    return readSync(file, magic, 0, 2, 0) === 2 && magic.readUInt16LE() === GZIP_MAGIC
  } finally {
    closeSync(file)
  }
}
