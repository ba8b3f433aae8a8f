import { closeSync, constants, fstatSync, openSync, readSync } from 'node:fs'

/** A file that is not read. The message is what is wrong with it, without its name. */
export class InputError extends Error {
  override readonly name = 'InputError'
}

/** What a shell passes for `<(command)`, and standard input. */
const PASSED = /^\/(dev\/(fd\/\d+|stdin)|proc\/self\/fd\/\d+)$/

/** True for a path by which a shell passes a pipe; it can be read once, and by this process alone. */
export const isPassedPipe = (path: string): boolean => PASSED.test(path)

const PIECE = 1 << 16
const MIB = 1 << 20

/** Milliseconds between two looks at a pipe that has nothing yet. */
const PATIENCE = 5

/**
 * Reads a text file from outside: a regular file of at most `most` bytes. Nothing else is read, because a FIFO without
 * a writer and a device never end.
 * @param pipes also take a pipe that the shell passes (`--design <(command)`), to its end, once.
 * @throws InputError for anything else, and for a file that is too large or cannot be read.
 */
export function readInput(path: string, most: number, { pipes = false } = {}): string {
  let file: number
  try {
    // Otherwise opening a FIFO waits for a writer.
    file = openSync(path, constants.O_RDONLY | (constants.O_NONBLOCK ?? 0))
  } catch (error) {
    throw new InputError(reasonOf(error))
  }
  try {
    const stat = fstatSync(file)
    if (stat.isDirectory()) throw new InputError('it is a folder')
    if (!stat.isFile() && !(pipes && stat.isFIFO() && isPassedPipe(path)))
      throw new InputError('it is not a regular file')
    return readToEnd(file, most)
  } finally {
    closeSync(file)
  }
}

function readToEnd(file: number, most: number): string {
  const pieces: Buffer[] = []
  let bytes = 0
  for (;;) {
    const piece = Buffer.alloc(PIECE)
    const got = readSome(file, piece)
    if (got === 0) return Buffer.concat(pieces).toString('utf8')
    pieces.push(piece.subarray(0, got))
    bytes += got
    if (bytes > most) throw new InputError(`it is larger than ${most / MIB} MiB`)
  }
}

/** The bytes read; 0 at the end. Waits for a pipe whose writer is slow. */
function readSome(file: number, into: Buffer): number {
  for (;;) {
    try {
      return readSync(file, into)
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EAGAIN') throw new InputError(reasonOf(error))
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, PATIENCE)
    }
  }
}

function reasonOf(error: unknown): string {
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
