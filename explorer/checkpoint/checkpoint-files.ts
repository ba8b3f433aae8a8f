import { createHash } from 'node:crypto'
import { closeSync, lstatSync, mkdtempSync, openSync, readSync, renameSync } from 'node:fs'
import { dirname, join, resolve } from 'node:path'
import { MOST_ARRAY_BYTES } from '../state/array-bounds.ts'
import { piecesOf, type Section, syncFolder, writeNewFile } from './atomic-file.ts'
import { CheckpointError } from './errors.ts'
import { abandonGeneration, generationsIn, mark, removeGeneration } from './generations.ts'
import { makeFolder } from './make-folder.ts'
import {
  damaged,
  formatManifest,
  hasCheckpoint,
  isOurManifest,
  MANIFEST,
  type Manifest,
  readManifest,
} from './manifest.ts'

export type { Section } from './atomic-file.ts'

/**
 * Writes a checkpoint atomically: at every moment the directory holds a whole one, the new or the old one. The data goes
 * to a new folder, then the manifest that names it is renamed into place.
 * @throws CheckpointError when the directory cannot be written.
 */
export function writeCheckpoint(
  directory: string,
  meta: unknown,
  sections: Readonly<Record<string, Section>>,
): void {
  try {
    makeFolder(directory)
    if (hasCheckpoint(directory) && !isOurManifest(directory))
      throw new Error(`the ${MANIFEST} there was not written by mmucheck; remove it, or name another folder`)
    const before = generationsIn(directory)
    const folder = mkdtempSync(join(directory, 'generation-'))
    try {
      mark(folder)
      const generation = folder.slice(-'generation-123456'.length)
      const written = Object.entries(sections).map(([name, section]) => [
        name,
        writeSection(join(folder, name), section),
      ])
      const text = formatManifest({ generation, sections: Object.fromEntries(written), meta })
      writeNewFile(join(folder, MANIFEST), [new TextEncoder().encode(text)])
      syncFolder(folder)
      syncFolder(directory)
      renameSync(join(folder, MANIFEST), join(directory, MANIFEST))
    } catch (error) {
      abandonGeneration(folder)
      throw error
    }
    syncFolder(directory)
    syncFolder(dirname(resolve(directory)))
    for (const old of before) removeGeneration(old)
  } catch (error) {
    throw new CheckpointError(`cannot write a checkpoint to ${directory}: ${messageOf(error)}`)
  }
}

/** Constructor of a typed array. */
interface NumberArray<A> {
  new (length: number): A
  readonly BYTES_PER_ELEMENT: number
}

/** Reads an opened checkpoint. All files are known to have the lengths that its manifest gives. */
export interface CheckpointReader {
  readonly meta: unknown
  /** Bytes of a section; 0 if there is none of that name. */
  bytes(name: string): number
  /**
   * Reads a section into the arrays, one after the other.
   * @throws CheckpointError when it is damaged or of another length; the content of the arrays is undefined then.
   */
  read(name: string, into: Section): void
  /**
   * All numbers of a section.
   * @throws CheckpointError when it is damaged, missing, or larger than an array can be.
   */
  numbers<A extends NodeJS.TypedArray>(name: string, type: NumberArray<A>): A
  /** The error for content that no search can have written. */
  damaged(what: string): CheckpointError
}

/** Opens a checkpoint. @throws CheckpointError when there is none, or its files do not match its manifest. */
export function readCheckpoint(directory: string): CheckpointReader {
  const { meta, sections, generation } = readManifest(directory)
  const wrong = (what: string): CheckpointError => damaged(directory, what)
  const reading = <T>(name: string, act: (path: string) => T): T => {
    try {
      return act(join(directory, generation, name))
    } catch (error) {
      throw error instanceof CheckpointError ? error : wrong(`${name}: ${messageOf(error)}`)
    }
  }
  for (const [name, { bytes }] of Object.entries(sections)) {
    const found = reading(name, (path) => lstatSync(path))
    if (!found.isFile()) throw wrong(`${name} is not a regular file`)
    if (found.size !== bytes) throw wrong(`${name} has another length`)
  }
  const expectedOf = (name: string): Manifest['sections'][string] => {
    const expected = Object.hasOwn(sections, name) ? sections[name] : undefined
    if (expected === undefined) throw wrong(`${name} is missing`)
    return expected
  }
  const read = (name: string, into: Section): void => {
    const expected = expectedOf(name)
    const arrays = [...into]
    const room = arrays.reduce((sum, { byteLength }) => sum + byteLength, 0)
    if (room !== expected.bytes) throw wrong(`${name} has another length`)
    const found = reading(name, (path) => readSection(path, arrays))
    if (found.bytes !== expected.bytes) throw wrong(`${name} has another length`)
    if (found.digest !== expected.digest) throw wrong(`the checksum of ${name} is wrong`)
  }
  return {
    meta,
    bytes: (name) => (Object.hasOwn(sections, name) ? sections[name].bytes : 0),
    numbers(name, type) {
      const { bytes } = expectedOf(name)
      if (bytes % type.BYTES_PER_ELEMENT !== 0) throw wrong(`${name} has another length`)
      if (bytes > MOST_ARRAY_BYTES) throw wrong(`${name} is larger than an array can be`)
      const numbers = new type(bytes / type.BYTES_PER_ELEMENT)
      read(name, [numbers])
      return numbers
    },
    read,
    damaged: wrong,
  }
}

function writeSection(path: string, section: Section): { bytes: number; digest: string } {
  const hash = createHash('sha256')
  let bytes = 0
  writeNewFile(path, section, (piece) => {
    hash.update(piece)
    bytes += piece.length
  })
  return { bytes, digest: hash.digest('hex') }
}

function readSection(path: string, into: Section): { bytes: number; digest: string } {
  const hash = createHash('sha256')
  const file = openSync(path, 'r')
  let bytes = 0
  try {
    for (const piece of piecesOf(into)) {
      let at = 0
      while (at < piece.length) {
        const got = readSync(file, piece, at, piece.length - at, null)
        if (got === 0) break
        at += got
      }
      hash.update(piece.subarray(0, at))
      bytes += at
    }
  } finally {
    closeSync(file)
  }
  return { bytes, digest: hash.digest('hex') }
}

const messageOf = (error: unknown): string => (error instanceof Error ? error.message : String(error))
