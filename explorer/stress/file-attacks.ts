import { cpSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { isDeepStrictEqual } from 'node:util'
import {
  type Counterexample,
  CounterexampleError,
  counterexampleOf,
  formatCounterexample,
  parseCounterexample,
} from '../../counterexamples/counterexample-file.ts'
import { ModelError } from '../../model/language/errors.ts'
import { CheckpointError } from '../checkpoint/index.ts'
import {
  comparable,
  interrupted,
  type Search,
  stopChecksIn,
} from '../checkpoint/testing/interrupted-searches.ts'
import { UsageError } from '../cli/errors.ts'
import { catalogue } from '../cli/testing/small-catalogue.ts'
import { readDesign } from '../cli/user-design.ts'
import { filterLockModel, twoPhaseModel } from '../oracles/models.ts'
import { breadthFirst } from '../search/index.ts'
import { mutate } from './mutations.ts'
import type { Draw } from './searches.ts'

/** The errors that reading a wrong file may throw. */
const TYPED = [UsageError, CounterexampleError, CheckpointError, ModelError]

/** A valid design file. */
export const DESIGN = `{
  "id": "mine",
  "title": "A change",
  "about": "What it is for",
  "scenarios": ["zap"],
  "patches": [{ "op": "move", "name": "Z.2", "before": "Z.1" }, { "op": "drop", "name": "Z.3", "in": "zapper" }]
}
`

/** Changes a file and reads it. Throws if the file was accepted wrongly. */
type Reader = (pick: Draw) => { readonly how: string; readonly refused: boolean }

/** Changed files of each kind that the program reads, in a temporary folder. */
export class FileAttacks {
  readonly #folder = mkdtempSync(join(tmpdir(), 'stress-files-'))
  readonly #counterexample: Counterexample
  readonly #checkpoints: readonly {
    readonly search: Search
    readonly from: string
    readonly whole: unknown
  }[]
  read = 0
  refused = 0

  constructor() {
    const { system, properties } = twoPhaseModel(3)
    const property = properties[1]
    const { trace } = breadthFirst(system, properties).properties[1]
    if (trace === null) throw new Error('the search found no counterexample to begin with')
    const names = { tool: '0', scenario: 'two-phase', design: 'upstream' }
    this.#counterexample = counterexampleOf({ ...names, property, trace, system } as never)
    const models = [
      { ...twoPhaseModel(3), options: {} },
      { ...filterLockModel(3), options: { reduce: 'all', storage: 'fingerprint' } as const },
      { ...filterLockModel(3), options: { reduce: 'por' } as const },
    ]
    this.#checkpoints = models.map(({ system, properties, options }, n) => {
      const search: Search = (more) => breadthFirst(system, properties, { ...options, ...more }) as never
      const from = join(this.#folder, `whole-${n}`)
      const whole = comparable(search({}))
      interrupted(search, from, Math.floor(stopChecksIn(search) / 2))
      return { search, from, whole }
    })
  }

  /**
   * Changes a file and reads it.
   * @throws Error if it is neither refused with a typed error nor read as the original.
   */
  check(pick: Draw): void {
    const readers: readonly Reader[] = [
      this.#design,
      this.#trace,
      this.#trace,
      this.#checkpoint,
      this.#checkpoint,
    ]
    const { refused } = readers[pick(readers.length)](pick)
    this.read++
    if (refused) this.refused++
  }

  close(): void {
    rmSync(this.#folder, { recursive: true, force: true })
  }

  readonly #design: Reader = (pick) => {
    const { how, bytes } = mutate(Buffer.from(DESIGN), true, pick)
    const path = join(this.#folder, 'design.json')
    writeFileSync(path, bytes)
    const design = attempt(`design file, ${how}`, () => readDesign(catalogue, path).design)
    if (design === null) return { how, refused: true }
    for (const id of design.scenarios) {
      const scenario = catalogue.scenarios.find((s) => s.id === id)
      attempt(`system of a design file, ${how}`, () => scenario?.build(design))
    }
    return { how, refused: false }
  }

  readonly #trace: Reader = (pick) => {
    const whole = this.#counterexample
    const { how, bytes } = mutate(Buffer.from(formatCounterexample(whole)), true, pick)
    const read = attempt(`counterexample file, ${how}`, () =>
      parseCounterexample(bytes.toString('utf8'), 'the file'),
    )
    if (read === null) return { how, refused: true }
    const said = ({ property, scenario, design, initial, steps, loopStart, id }: Counterexample) =>
      JSON.stringify({ property, scenario, design, initial, steps, loopStart, id })
    if (said(read) !== said(whole)) throw new Error(`counterexample file, ${how}: taken for ${said(read)}`)
    return { how, refused: false }
  }

  readonly #checkpoint: Reader = (pick) => {
    const { search, from, whole } = this.#checkpoints[pick(this.#checkpoints.length)]
    const directory = join(this.#folder, 'checkpoint')
    rmSync(directory, { recursive: true, force: true })
    cpSync(from, directory, { recursive: true })
    const files = filesBelow(directory)
    const path = files[pick(files.length)]
    const { how, bytes } = mutate(readFileSync(path), path.endsWith('.json'), pick)
    writeFileSync(path, bytes)
    const where = `checkpoint file ${path.slice(directory.length + 1)}, ${how}`
    const result = attempt(where, () => search({ resume: directory }))
    if (result === null) return { how, refused: true }
    if (!isDeepStrictEqual(comparable(result), whole))
      throw new Error(`${where}: the search ends with ${JSON.stringify(comparable(result))}`)
    return { how, refused: false }
  }
}

/** The result of `read`, or null if the file is refused. @throws Error for any but the typed errors. */
function attempt<T>(what: string, read: () => T): T | null {
  try {
    return read()
  } catch (error) {
    if (TYPED.some((type) => error instanceof type)) {
      if ((error as Error).message.includes('\n')) throw new Error(`${what}: several lines: ${error}`)
      return null
    }
    throw new Error(`${what}: ${error instanceof Error ? error.stack : String(error)}`)
  }
}

function filesBelow(folder: string): string[] {
  return readdirSync(folder)
    .sort()
    .flatMap((name) => {
      const path = join(folder, name)
      return statSync(path).isDirectory() ? filesBelow(path) : [path]
    })
}
