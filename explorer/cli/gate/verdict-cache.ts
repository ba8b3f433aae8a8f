import { createHash } from 'node:crypto'
import { mkdirSync, readdirSync, readFileSync, rmSync, statSync, utimesSync } from 'node:fs'
import { homedir } from 'node:os'
import { dirname, join } from 'node:path'
import { z } from 'zod'
import { judgedProperties } from '../../../model/designs/judged-properties.ts'
import type { Property } from '../../../model/language/property.ts'
import { replaceFile } from '../../checkpoint/index.ts'
import type { GateCell } from './gate-cells.ts'
import { type JudgedCell, judgedCellShape } from './judged-cell.ts'
import type { ModuleGraph } from './module-graph.ts'

/** What an entry says of itself; another number is another meaning of what is judged. */
const FORMAT = 'mmucheck-verdict/1'

/** The module that searches a cell, and with all that it imports decides how. */
const JUDGE = 'explorer/cli/gate/judge-cell.ts'
/** The modules that make a scenario that of an older kernel. */
const KERNELS = 'model/kernels/kernels.ts'

const entryShape = z.strictObject({
  format: z.literal(FORMAT),
  key: z.string(),
  checksum: z.string(),
  cell: judgedCellShape,
})

/** Days after which an entry that no run has used goes. */
const KEPT_DAYS = 30

const sha256 = (text: string): string => createHash('sha256').update(text).digest('hex')

/**
 * The key of a cell: a hash of the code of everything that its search runs, and of what it judges. The number of a model
 * (`modelHash`) would not do: it sees neither the engine nor that a change is elsewhere. Where a module is not known, the
 * key is of all modules.
 * @param properties all of the catalogue.
 */
export function keyOf(
  modules: ModuleGraph,
  { design, scenario }: Pick<GateCell, 'design' | 'scenario'>,
  kernel: string | null,
  properties: readonly Property<unknown>[],
): string {
  const { listed, byDefault } = judgedProperties(design, scenario, properties)
  // Of a design without a change only the name matters.
  const isChange = design.patches.length > 0 || design.adds !== undefined
  const added = new Set((design.adds?.properties ?? []).map(({ id }) => id))
  const parts = [
    ...(isChange ? [modules.definersOf('designs', design.id)] : []),
    modules.definersOf('scenarios', scenario.id),
    ...[...listed, ...byDefault]
      .filter(({ id }) => !added.has(id))
      .map(({ id }) => modules.definersOf('properties', id)),
  ]
  const always = [JUDGE, ...(kernel === null ? [] : [KERNELS])]
  const isKnown = parts.every((paths) => paths.length > 0)
  const code = isKnown ? modules.hashOf([...always, ...parts.flat()]) : null
  const ids = (all: readonly Property<unknown>[]): string[] => all.map(({ id }) => id)
  const names = [FORMAT, design.id, scenario.id, kernel, design.scenarios.includes(scenario.id)]
  return sha256(JSON.stringify([...names, ids(listed), ids(byDefault), code ?? modules.hashOfAll()]))
}

/** Verdicts of earlier searches, as files named after their keys. */
export class VerdictCache {
  readonly folder: string

  constructor(folder: string) {
    this.folder = folder
  }

  /** The cell that was found under a key; null if there is none, or none that can be used. */
  read(key: string, { design, scenario }: Pick<GateCell, 'design' | 'scenario'>): JudgedCell | null {
    const file = this.#fileOf(key)
    try {
      const entry = entryShape.safeParse(JSON.parse(readFileSync(file, 'utf8')))
      if (!entry.success) return null
      const { key: own, checksum, cell } = entry.data
      const isMeant = own === key && cell.design === design.id && cell.scenario === scenario.id
      if (!isMeant || checksum !== sha256(JSON.stringify(cell)) || !cell.complete) return null
      const now = new Date()
      utimesSync(file, now, now)
      return cell
    } catch {
      // Whatever is wrong with an entry, the search finds it anew.
      return null
    }
  }

  /** Keeps what a complete search found. @returns false if it cannot be written. */
  write(key: string, cell: JudgedCell): boolean {
    if (!cell.complete || cell.modelError !== null) return true
    const file = this.#fileOf(key)
    try {
      mkdirSync(dirname(file), { recursive: true })
      // Parsed, so that members stand in the order in which they are read.
      const kept = judgedCellShape.parse(cell)
      const entry = { format: FORMAT, key, checksum: sha256(JSON.stringify(kept)), cell: kept }
      replaceFile(file, JSON.stringify(entry))
      return true
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === undefined) throw error
      return false
    }
  }

  /** Removes what no run has used for a month. Another process may do so at the same time. */
  prune(now = Date.now()): void {
    const oldest = now - KEPT_DAYS * 24 * 3600 * 1000
    try {
      for (const name of readdirSync(this.folder, { recursive: true, encoding: 'utf8' })) {
        const file = join(this.folder, name)
        const stat = statSync(file, { throwIfNoEntry: false })
        if (/[\\/][0-9a-f]{64}\.json$/.test(file) && stat?.isFile() && stat.mtimeMs < oldest)
          rmSync(file, { force: true })
      }
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === undefined) throw error
    }
  }

  #fileOf(key: string): string {
    return join(this.folder, key.slice(0, 2), `${key}.json`)
  }
}

/** Where verdicts are kept unless a folder is named. */
export function cacheFolder(env: Readonly<Record<string, string | undefined>>): string {
  const { XDG_CACHE_HOME } = env
  const base = XDG_CACHE_HOME?.startsWith('/') ? XDG_CACHE_HOME : join(homedir(), '.cache')
  return join(base, 'mmucheck', 'verdicts')
}

/** The cache of a run, with the keys of its cells. */
export interface CachedVerdicts {
  readonly cache: VerdictCache
  keyOf(cell: GateCell): string
}

/**
 * The cache of a run of this build; null where the build does not know its modules.
 * @param folder where verdicts are kept.
 */
export function cachedVerdicts(
  modules: ModuleGraph | null,
  folder: string,
  kernel: string | null,
  properties: readonly Property<unknown>[],
): CachedVerdicts | null {
  if (modules === null) return null
  return { cache: new VerdictCache(folder), keyOf: (cell) => keyOf(modules, cell, kernel, properties) }
}
