import { createHash } from 'node:crypto'
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { formatManifest, MANIFEST, type Manifest, readManifest } from './manifest.ts'

/** For tests: checkpoints that were changed by somebody who repairs the checksums. */

/** What of a checkpoint can be changed. */
export interface Forgery {
  /** What is said of the search, as it lies in the manifest. */
  // biome-ignore lint/suspicious/noExplicitAny: whatever its type forbids is to be put there
  readonly meta: any
  /** The bytes of the sections, by name. */
  readonly sections: Record<string, Uint8Array>
}

/** Changes a checkpoint; all its lengths and checksums are right afterwards. */
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

/** Bytes as 32-bit numbers, which are the same memory. */
export const int32 = (bytes: Uint8Array): Int32Array =>
  new Int32Array(bytes.buffer, bytes.byteOffset, bytes.byteLength / 4)
