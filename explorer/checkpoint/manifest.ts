import { createHash } from 'node:crypto'
import { existsSync, lstatSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { z } from 'zod'
import { CheckpointError } from './errors.ts'

/** The file that lists the parts of a checkpoint. It is put in place last. */
export const MANIFEST = 'checkpoint.json'

/** The first member of a manifest; the number is that of the format. */
const SCHEMA = 'mmucheck-checkpoint/3'

/** Most bytes of a manifest: far more than any search needs, and far less than the longest string. */
const MOST_BYTES = 2 ** 28

/** Names of the files of a checkpoint. */
export const SECTION = /^[a-z]{1,20}$/

/** Names of the folders with the files of a checkpoint. */
export const GENERATION = /^generation-[A-Za-z0-9]{6}$/

const bodyShape = z.strictObject({
  generation: z.string().regex(GENERATION),
  sections: z.record(
    z.string().regex(SECTION),
    z.strictObject({ bytes: z.int().nonnegative(), digest: z.string() }),
  ),
  meta: z.unknown(),
})

const manifestShape = z.strictObject({
  schema: z.literal(SCHEMA),
  /** Of `body` as JSON text. */
  digest: z.string(),
  body: z.unknown(),
})

/** The parts of a checkpoint: the folder with its files, their lengths and checksums, and data about the search. */
export type Manifest = z.infer<typeof bodyShape>

/** Whether a folder holds a checkpoint, damaged or not. */
export const hasCheckpoint = (directory: string): boolean => existsSync(join(directory, MANIFEST))

/** Whether the manifest in a folder was written by any version of this tool. */
export function isOurManifest(directory: string): boolean {
  try {
    const { schema } = JSON.parse(textOf(join(directory, MANIFEST)))
    return String(schema).startsWith('mmucheck-checkpoint/')
  } catch {
    return false
  }
}

/** The text of the manifest file. */
export const formatManifest = (body: Manifest): string =>
  JSON.stringify({ schema: SCHEMA, digest: digestOf(JSON.stringify(body)), body })

/** The error for a damaged checkpoint. */
export const damaged = (directory: string, what: string): CheckpointError =>
  new CheckpointError(`the checkpoint in ${directory} is damaged: ${what}`, { isLost: true })

/** Reads the manifest in a folder. @throws CheckpointError if there is none or it is damaged. */
export function readManifest(directory: string): Manifest {
  let text: string
  try {
    text = textOf(join(directory, MANIFEST))
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error)
    throw new CheckpointError(`there is no checkpoint in ${directory}: ${why}`)
  }
  let json: unknown
  try {
    json = JSON.parse(text)
  } catch {
    throw damaged(directory, `${MANIFEST} is not JSON`)
  }
  const manifest = manifestShape.safeParse(json)
  if (!manifest.success) throw damaged(directory, `${MANIFEST} is not a checkpoint of this version`)
  const { body, digest } = manifest.data
  if (digestOf(JSON.stringify(body)) !== digest)
    throw damaged(directory, `the checksum of ${MANIFEST} is wrong`)
  const found = bodyShape.safeParse(body)
  if (!found.success) throw damaged(directory, `${MANIFEST} does not list the parts of a checkpoint`)
  return found.data
}

/** @throws Error if it is no file, or too large. */
function textOf(path: string): string {
  const found = lstatSync(path)
  if (!found.isFile()) throw new Error(`${MANIFEST} is not a regular file`)
  if (found.size > MOST_BYTES) throw new Error(`${MANIFEST} has ${found.size} bytes`)
  return readFileSync(path, 'utf8')
}

const digestOf = (text: string): string => createHash('sha256').update(text).digest('hex')
