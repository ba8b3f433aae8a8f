import { existsSync, readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { z } from 'zod'
import { InternalError } from './errors.ts'

const manifest = z.looseObject({ name: z.literal('mmucheck'), version: z.string() })

/** The folder of this package, the nearest one upwards with its package.json, and its version. */
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

/**
 * The hash of the model that this program was built from: sixteen hex digits over the source text of `model/` and
 * `properties/`, comments included and tests not. Equal hashes mean equal machines, scenarios, designs and properties.
 * It covers neither designs from files nor the explorer, which the version identifies.
 * @throws InternalError when the build is incomplete.
 */
export function builtModelHash(): string {
  const path = fileURLToPath(new URL('./model-hash', import.meta.url))
  const text = existsSync(path) ? readFileSync(path, 'utf8').trim() : ''
  if (!/^[0-9a-f]{16}$/.test(text))
    throw new InternalError(`${path} is missing or damaged; run npm run build`)
  return text
}
