import { createHash } from 'node:crypto'
import {
  closeSync,
  existsSync,
  fsyncSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  readSync,
  renameSync,
  rmSync,
  writeSync,
} from 'node:fs'
import { join } from 'node:path'
import { z } from 'zod'
import { CheckpointError } from './errors.ts'
import { makeFolder } from './make-folder.ts'

/** Bytes read or written at a time. */
const PIECE = 1 << 26

const MANIFEST = 'checkpoint.json'

const SCHEMA = 'mmucheck-checkpoint/2'

/** True when a directory holds a checkpoint, damaged or not. */
export const hasCheckpoint = (directory: string): boolean => existsSync(join(directory, MANIFEST))

const manifestShape = z.object({
  schema: z.literal(SCHEMA),
  generation: z.string().regex(/^generation-\d+$/),
  /** Of `meta` as JSON text. */
  digest: z.string(),
  sections: z.record(z.string(), z.object({ bytes: z.number().int().nonnegative(), digest: z.string() })),
  meta: z.unknown(),
})

/** A part of a checkpoint: arrays that are written one behind the other. */
export type Section = Iterable<NodeJS.ArrayBufferView>

/**
 * Writes a checkpoint so that at every moment the directory holds a whole one, the new or the one before:
 * the data goes to a folder of its own, the manifest that names it is put in place by renaming.
 * @throws CheckpointError when the directory cannot be written.
 */
export function writeCheckpoint(
  directory: string,
  meta: unknown,
  sections: Readonly<Record<string, Section>>,
): void {
  let unfinished: string | null = null
  try {
    makeFolder(directory)
    const numbers = readdirSync(directory).map((name) => Number(/^generation-(\d+)$/.exec(name)?.[1] ?? 0))
    const generation = `generation-${Math.max(0, ...numbers) + 1}`
    const folder = join(directory, generation)
    mkdirSync(folder)
    unfinished = folder
    const written = Object.entries(sections).map(([name, section]) => [
      name,
      writeSection(join(folder, name), section),
    ])
    syncDirectory(folder)
    const manifest = {
      schema: SCHEMA,
      generation,
      digest: digestOf(JSON.stringify(meta)),
      sections: Object.fromEntries(written),
      meta,
    }
    const temporary = join(directory, `${MANIFEST}.new`)
    // One may be there, from a process that was killed before it could rename it.
    rmSync(temporary, { force: true })
    writeSection(temporary, [new TextEncoder().encode(JSON.stringify(manifest))])
    renameSync(temporary, join(directory, MANIFEST))
    unfinished = null
    syncDirectory(directory)
    for (const name of readdirSync(directory)) {
      if (/^generation-\d+$/.test(name) && name !== generation)
        rmSync(join(directory, name), { recursive: true, force: true })
    }
  } catch (error) {
    // On a full disk every attempt would leave another.
    if (unfinished !== null) rmSync(unfinished, { recursive: true, force: true })
    throw new CheckpointError(`cannot write a checkpoint to ${directory}: ${messageOf(error)}`)
  }
}

/** Removes a checkpoint, if there is one. @throws CheckpointError when that fails. */
export function removeCheckpoint(directory: string): void {
  if (!existsSync(directory)) return
  try {
    rmSync(directory, { recursive: true })
  } catch (error) {
    throw new CheckpointError(`cannot remove the old checkpoint in ${directory}: ${messageOf(error)}`)
  }
}

/** A checkpoint that is being read. */
export interface CheckpointReader {
  readonly meta: unknown
  /** Bytes of a section; 0 when there is none of the name. */
  bytes(name: string): number
  /**
   * Fills the arrays with a section, one behind the other.
   * @throws CheckpointError when it is damaged or of another length; the arrays are then worthless.
   */
  read(name: string, into: Section): void
}

/** Opens a checkpoint. @throws CheckpointError when there is none or its manifest is damaged. */
export function readCheckpoint(directory: string): CheckpointReader {
  const damaged = (what: string): CheckpointError =>
    new CheckpointError(`the checkpoint in ${directory} is damaged: ${what}; start without --resume`)
  let text: string
  try {
    text = readFileSync(join(directory, MANIFEST), 'utf8')
  } catch (error) {
    throw new CheckpointError(`there is no checkpoint in ${directory}: ${messageOf(error)}`)
  }
  let json: unknown
  try {
    json = JSON.parse(text)
  } catch {
    throw damaged(`${MANIFEST} is not JSON`)
  }
  const parsed = manifestShape.safeParse(json)
  if (!parsed.success) throw damaged(`${MANIFEST} is not a checkpoint of this version`)
  const { meta, digest, sections, generation } = parsed.data
  if (digestOf(JSON.stringify(meta)) !== digest) throw damaged(`the checksum of ${MANIFEST} is wrong`)
  return {
    meta,
    bytes: (name) => sections[name]?.bytes ?? 0,
    read(name, into) {
      const expected = sections[name]
      if (expected === undefined) throw damaged(`${name} is missing`)
      const arrays = [...into]
      const room = arrays.reduce((sum, { byteLength }) => sum + byteLength, 0)
      if (room !== expected.bytes) throw damaged(`${name} has another length`)
      try {
        const found = readSection(join(directory, generation, name), arrays)
        if (found.bytes !== expected.bytes) throw damaged(`${name} has another length`)
        if (found.digest !== expected.digest) throw damaged(`the checksum of ${name} is wrong`)
      } catch (error) {
        throw error instanceof CheckpointError ? error : damaged(`${name}: ${messageOf(error)}`)
      }
    },
  }
}

function writeSection(path: string, section: Section): { bytes: number; digest: string } {
  const hash = createHash('sha256')
  const file = openSync(path, 'wx')
  let bytes = 0
  try {
    for (const piece of piecesOf(section)) {
      hash.update(piece)
      for (let at = 0; at < piece.length; ) at += writeSync(file, piece, at)
      bytes += piece.length
    }
    fsyncSync(file)
  } finally {
    closeSync(file)
  }
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
    if (readSync(file, new Uint8Array(1)) !== 0) bytes++
  } finally {
    closeSync(file)
  }
  return { bytes, digest: hash.digest('hex') }
}

function* piecesOf(section: Section): Generator<Uint8Array> {
  for (const { buffer, byteOffset, byteLength } of section) {
    for (let at = 0; at < byteLength; at += PIECE)
      yield new Uint8Array(buffer, byteOffset + at, Math.min(PIECE, byteLength - at))
  }
}

function syncDirectory(path: string): void {
  const directory = openSync(path, 'r')
  try {
    fsyncSync(directory)
  } finally {
    closeSync(directory)
  }
}

const digestOf = (text: string): string => createHash('sha256').update(text).digest('hex')
const messageOf = (error: unknown): string => (error instanceof Error ? error.message : String(error))
