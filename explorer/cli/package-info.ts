import { createHash } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { z } from 'zod'
import { modelHash } from '../../counterexamples/model-hash.ts'
import type { System } from '../../model/language/system.ts'
import type { Catalogue } from './catalogue.ts'
import { InternalError } from './errors.ts'

const manifest = z.looseObject({ name: z.literal('mmucheck'), version: z.string() })

/** The folder of this package and its version, found upwards from here: sources and build lie apart. */
export function packageInfo(): { readonly root: string; readonly version: string } {
  let folder = dirname(fileURLToPath(import.meta.url))
  for (;;) {
    try {
      const text = readFileSync(join(folder, 'package.json'), 'utf8')
      const parsed = manifest.safeParse(JSON.parse(text))
      if (parsed.success) return { root: folder, version: parsed.data.version }
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error
    }
    if (dirname(folder) === folder) throw new InternalError('cannot find the package this program belongs to')
    folder = dirname(folder)
  }
}

/** One hash over all scenarios as they are upstream: two reports with equal hashes speak of one model. */
export function catalogueHash({ scenarios }: Catalogue): string {
  const hash = createHash('sha256')
  for (const scenario of scenarios) hash.update(`${modelHash(scenario.build([]) as System)}\n`)
  return hash.digest('hex').slice(0, 16)
}
