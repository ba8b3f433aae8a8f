import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { packageInfo } from '../../package-info.ts'
import type { DefinedAt } from './sarif.ts'

/**
 * Where the checkout defines a property, by its id; null where there are no sources, as in an installed package. Reads
 * the sources at the first question.
 */
export function propertyFinder(folder: string | undefined): (property: string) => DefinedAt | null {
  let known: Map<string, DefinedAt> | null = null
  return (property) => {
    known ??= folder === undefined ? new Map() : definitionsIn(packageInfo().root, folder)
    return known.get(property) ?? null
  }
}

function definitionsIn(root: string, folder: string): Map<string, DefinedAt> {
  const found = new Map<string, DefinedAt>()
  for (const file of sourcesIn(root, folder))
    readFileSync(join(root, file), 'utf8')
      .split('\n')
      .forEach((line, n) => {
        const id = /^\s*id: '([a-z0-9-]+)',$/.exec(line)?.[1]
        if (id !== undefined && !found.has(id)) found.set(id, { file, line: n + 1 })
      })
  return found
}

function sourcesIn(root: string, folder: string): string[] {
  try {
    return readdirSync(join(root, folder), { recursive: true, encoding: 'utf8' })
      .filter((name) => /(?<!\.test)\.ts$/.test(name))
      .map((name) => `${folder}/${name.replaceAll('\\', '/')}`)
      .sort()
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return []
    throw error
  }
}
