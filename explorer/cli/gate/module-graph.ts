import { createHash } from 'node:crypto'
import { existsSync, readFileSync } from 'node:fs'
import { z } from 'zod'
import { programFile } from '../../program-file.ts'

/** The modules of a build: a hash of the code of each, without comments, and what it imports. */
const shape = z.record(z.string(), z.strictObject({ hash: z.string(), imports: z.array(z.string()) }))

export type Graph = Readonly<z.infer<typeof shape>>

/** What has an id and is defined in a module. */
export type Defined = 'designs' | 'scenarios' | 'properties'

const FOLDERS: Readonly<Record<Defined, string>> = {
  designs: 'model/designs/',
  scenarios: 'model/scenarios/',
  properties: 'properties/',
}

/** A module and what it exports. */
export type Exports = readonly (readonly [path: string, exports: Readonly<Record<string, unknown>>])[]

/** The modules of a build, and which of them define what. */
export class ModuleGraph {
  readonly #graph: Graph
  readonly #definers = new Map<string, string[]>()
  readonly #closures = new Map<string, ReadonlySet<string>>()

  constructor(graph: Graph, exports: Exports) {
    this.#graph = graph
    for (const [path, values] of exports)
      for (const value of Object.values(values).flat())
        if (typeof value === 'object' && value !== null && 'id' in value && typeof value.id === 'string') {
          const key = `${folderOf(path)}${value.id}`
          this.#definers.set(key, [...(this.#definers.get(key) ?? []), path])
        }
  }

  /** The modules that define what has this id; empty if none is known. */
  definersOf(kind: Defined, id: string): readonly string[] {
    return this.#definers.get(FOLDERS[kind] + id) ?? []
  }

  /** A hash of the code of these modules and of all that they import; null if one is not known. */
  hashOf(paths: readonly string[]): string | null {
    const all = new Set<string>()
    for (const path of paths) {
      if (!Object.hasOwn(this.#graph, path)) return null
      for (const each of this.#closure(path)) all.add(each)
    }
    const hash = createHash('sha256')
    for (const path of [...all].sort()) hash.update(`${path} ${this.#graph[path]?.hash ?? ''}\n`)
    return hash.digest('hex')
  }

  /** A hash of the code of all modules. */
  hashOfAll(): string {
    return this.hashOf(Object.keys(this.#graph)) ?? ''
  }

  #closure(path: string): ReadonlySet<string> {
    const known = this.#closures.get(path)
    if (known !== undefined) return known
    const found = new Set([path])
    // A set is walked in the order of insertion, those that are added meanwhile included.
    for (const each of found) for (const imported of this.#graph[each]?.imports ?? []) found.add(imported)
    this.#closures.set(path, found)
    return found
  }
}

const folderOf = (path: string): string =>
  Object.values(FOLDERS).find((folder) => path.startsWith(folder)) ?? ''

/** The modules of the build that runs; null if it was built without them. */
export async function builtModules(): Promise<ModuleGraph | null> {
  const file = programFile('modules').href.replace(/\.mjs$/, '.json')
  const exports = programFile('catalogue-modules')
  if (!existsSync(new URL(file)) || !existsSync(exports)) return null
  const graph = shape.parse(JSON.parse(readFileSync(new URL(file), 'utf8')))
  const { modules } = (await import(exports.href)) as { readonly modules: Exports }
  return new ModuleGraph(graph, modules)
}
