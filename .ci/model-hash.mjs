// The hash of the model, as `doctor`, results, counterexamples and mails carry it. Part of the build, so that it
// belongs to the code that runs and not to what has become of the sources since. Plain JavaScript, because it runs
// before anything is built.
import { createHash } from 'node:crypto'
import { readdirSync, readFileSync } from 'node:fs'
import { join, relative, sep } from 'node:path'

/** Folders that are the model: memory, machines, scenarios, designs, and what is asked of them. */
const FOLDERS = ['model', 'properties']

/**
 * Sixteen hex digits over the names and texts of all source files of the model except tests. Equal hashes mean equal
 * models. Comments count, so different hashes need not mean different ones. Not covered: how a model is explored
 * and shown (the version tells), the libraries, and a design from a file.
 */
export function modelHash(root) {
  const hash = createHash('sha256')
  const files = FOLDERS.flatMap((folder) => sourcesBelow(join(root, folder)))
  const named = files.map((path) => [relative(root, path).split(sep).join('/'), path])
  for (const [name, path] of named.sort(([a], [b]) => (a < b ? -1 : 1))) {
    hash.update(`${JSON.stringify([name, readFileSync(path, 'utf8').replaceAll('\r\n', '\n')])}\n`)
  }
  return hash.digest('hex').slice(0, 16)
}

function sourcesBelow(folder) {
  return readdirSync(folder, { withFileTypes: true }).flatMap((entry) => {
    const path = join(folder, entry.name)
    if (entry.isDirectory()) return sourcesBelow(path)
    return entry.name.endsWith('.ts') && !entry.name.endsWith('.test.ts') ? [path] : []
  })
}
