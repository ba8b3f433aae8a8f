import { createHash } from 'node:crypto'
import { cpSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Property } from '../../../model/language/property.ts'
import { twoPhaseModel } from '../../oracles/models.ts'
import { breadthFirst, type SearchOptions } from '../../search/breadth-first.ts'
import type { SearchResult } from '../../search/result.ts'
import { CheckpointError } from '../errors.ts'
import { formatManifest, MANIFEST, type Manifest, readManifest } from '../manifest.ts'
import { interrupted, type Search } from './interrupted-searches.ts'

/** Checkpoints that were changed, with correct checksums. */

/** The parts of a checkpoint that can be changed. */
export interface Forgery {
  /** The data of the search in the manifest. */
  // biome-ignore lint/suspicious/noExplicitAny: tests put in what its type forbids
  readonly meta: any
  /** The bytes of the sections, by name. */
  readonly sections: Record<string, Uint8Array>
}

/** Changes a checkpoint and makes its lengths and checksums right again. */
export function forge(directory: string, change: (forgery: Forgery) => void): void {
  const body = structuredClone(readManifest(directory))
  const pathOf = (name: string): string => join(directory, body.generation, name)
  const forgery: Forgery = {
    meta: body.meta,
    sections: Object.fromEntries(
      Object.keys(body.sections).map((name) => [name, new Uint8Array(readFileSync(pathOf(name)))]),
    ),
  }
  change(forgery)
  const sections: Manifest['sections'] = {}
  for (const [name, bytes] of Object.entries(forgery.sections)) {
    writeFileSync(pathOf(name), bytes)
    sections[name] = { bytes: bytes.length, digest: createHash('sha256').update(bytes).digest('hex') }
  }
  writeFileSync(join(directory, MANIFEST), formatManifest({ ...body, sections }))
}

/** A view of bytes as 32-bit numbers. */
export const int32 = (bytes: Uint8Array): Int32Array =>
  new Int32Array(bytes.buffer, bytes.byteOffset, bytes.byteLength / 4)

export type Forge = (forgery: Forgery) => void

/** A search that was interrupted, and resumes from forged copies of its checkpoint. */
export interface ForgedSearch {
  readonly name: string
  readonly search: Search
  /** Writes the checkpoint to a folder. */
  begin(folder: string): void
  /** Resumes from a forged copy. */
  forged(change: Forge): SearchResult
}

/** @param look number of the check for `stop` at which the search is interrupted. */
export function forgedSearch(name: string, search: Search, look: number): ForgedSearch {
  let sound = ''
  return {
    name,
    search,
    begin: (folder) => {
      sound = join(folder, name)
      interrupted(search, sound, look)
    },
    forged: (change) => {
      const copy = `${sound}-copy`
      rmSync(copy, { recursive: true, force: true })
      cpSync(sound, copy, { recursive: true })
      forge(copy, change)
      return search({ resume: copy })
    },
  }
}

const canCommit: Property<never> = {
  kind: 'progress',
  id: 'can-commit',
  title: '',
  goal: (w) => (w as { tmState: string }).tmState === 'committed',
}

/** Two-phase commit, searched in five ways. With states stored in full, it has an always-possible property. */
export function twoPhaseForgeries() {
  const { system, properties } = twoPhaseModel(4)
  const of = (name: string, options: SearchOptions, all: readonly Property<never>[]): ForgedSearch =>
    forgedSearch(name, (more) => breadthFirst(system, all, { ...options, ...more }), 3)
  const judged = [...properties, canCommit]
  return {
    words: system.layout.words,
    exact: of('exact', { storage: 'exact' }, judged),
    lossy: of('lossy', { storage: 'fingerprint' }, properties),
    wide: of('wide', { storage: 'fingerprint', fingerprintBits: 96 }, properties),
    orbits: of('orbits', { reduce: 'symmetry' }, judged),
    ordered: of('ordered', { reduce: 'por' }, judged),
  }
}

/** The one-line message with which a checkpoint is refused. @throws Error if it is accepted. */
export function refusalOf(act: () => unknown): string {
  try {
    act()
  } catch (error) {
    if (!(error instanceof CheckpointError)) throw error
    if (error.message.includes('\n')) throw new Error(`more than one line: ${error.message}`)
    return error.message
  }
  throw new Error('it was accepted')
}

/** What a forgery must not change: the verdicts, and whether the search is complete. */
export function verdictsOf({ complete, properties }: SearchResult): readonly unknown[] {
  return [complete, ...properties.map(({ id, verdict }) => `${id} ${verdict}`)]
}
