import { closeSync, constants, fstatSync, openSync, readSync } from 'node:fs'

/** An unreadable file. The message says why, without the name. */
export class InputError extends Error {
  override readonly name = 'InputError'
}

/** Paths that a shell passes for `<(command)`, and standard input. */
const PASSED = /^\/(dev\/(fd\/\d+|stdin)|proc\/self\/fd\/\d+)$/

/** Whether a shell passes a pipe by this path; it can be read once, and only in this process. */
export const isPassedPipe = (path: string): boolean => PASSED.test(path)

const CHUNK = 1 << 16
const MIB = 1 << 20

/** Milliseconds between two polls of an empty pipe. */
const POLL_INTERVAL = 5

/**
 * Reads a user's text file: a regular file of at most `most` bytes. Devices and FIFOs are refused: reading one may never
 * end.
 * @param pipes also accept a pipe passed by the shell (`--design <(command)`), which can be read only once.
 * @throws InputError for anything else, and for a file that is too large or unreadable.
 */
export function readInput(path: string, most: number, { pipes = false } = {}): string {
  const file = openInput(path, { pipes })
  try {
    return readToEnd(file, most)
  } finally {
    closeSync(file)
  }
}

/**
 * Opens a regular file, without waiting for anything.
 * @param pipes also accept a pipe passed by the shell.
 * @param instead what to do where it is none, for the message.
 * @returns its descriptor, to be closed. @throws InputError for anything else.
 */
export function openInput(path: string, { pipes = false, instead = '' } = {}): number {
  let file: number
  try {
    // Without O_NONBLOCK, opening a FIFO waits for a writer.
    file = openSync(path, constants.O_RDONLY | (constants.O_NONBLOCK ?? 0))
  } catch (error) {
    throw new InputError(reasonOf(error))
  }
  const stat = fstatSync(file)
  if (stat.isFile() || (pipes && stat.isFIFO() && isPassedPipe(path))) return file
  closeSync(file)
  throw new InputError(stat.isDirectory() ? 'it is a folder' : `it is not a regular file${instead}`)
}

function readToEnd(file: number, most: number): string {
  const chunks: Buffer[] = []
  let bytes = 0
  for (;;) {
    const chunk = Buffer.alloc(CHUNK)
    const got = readSome(file, chunk)
    if (got === 0) return Buffer.concat(chunks).toString('utf8')
    chunks.push(chunk.subarray(0, got))
    bytes += got
    if (bytes > most) throw new InputError(`it is larger than ${most / MIB} MiB`)
  }
}

/** Number of bytes read; 0 at the end. Waits for a slow writer of a pipe. */
function readSome(file: number, into: Buffer): number {
  for (;;) {
    try {
      return readSync(file, into)
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EAGAIN') throw new InputError(reasonOf(error))
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, POLL_INTERVAL)
    }
  }
}

/** Why a file could not be read, in words. */
export function reasonOf(error: unknown): string {
  const { code = String(error) } = error as NodeJS.ErrnoException
  const reasons: Readonly<Record<string, string>> = {
    ENOENT: 'there is no such file',
    ENOTDIR: 'there is no such file',
    EISDIR: 'it is a folder',
    EACCES: 'no permission (EACCES)',
    ENXIO: 'it is not a regular file',
  }
  return reasons[code] ?? code
}
