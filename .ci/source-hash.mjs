// The hash that tells whether a build is one of the present sources. Contents count, times do not: a file that was
// copied, restored or checked out with an old time is as new as any other.
import { createHash } from 'node:crypto'
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'

const FOLDERS = ['model', 'properties', 'explorer', 'counterexamples']

/** What else decides what is built. */
const FILES = [
  'package.json',
  'package-lock.json',
  'tsconfig.json',
  'tsconfig.build.json',
  '.ci/build.mjs',
  '.ci/model-hash.mjs',
  '.ci/page.mjs',
  '.ci/module-graph.mjs',
  '.ci/programs.mjs',
]

/** Sixteen hex digits over names and contents of all that is built, and of what decides how. */
export function sourceHash(root) {
  const hash = createHash('sha256')
  for (const path of [...FILES, ...FOLDERS.flatMap((folder) => sourcesBelow(root, folder))]) {
    const content = readFileSync(join(root, path))
    hash.update(`${path}\n${content.length}\n`).update(content)
  }
  return hash.digest('hex').slice(0, 16)
}

/** Paths of the TypeScript files and style sheets below a folder, without tests, in a fixed order. */
function sourcesBelow(root, folder) {
  const entries = readdirSync(join(root, folder), { withFileTypes: true })
  entries.sort((a, b) => (a.name < b.name ? -1 : 1))
  return entries.flatMap((entry) => {
    const path = `${folder}/${entry.name}`
    if (entry.isDirectory()) return sourcesBelow(root, path)
    return /\.(tsx?|css)$/.test(path) && !/\.(test|bench)\.ts$/.test(path) ? [path] : []
  })
}
