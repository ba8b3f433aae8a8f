import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, utimesSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { rolldown } from 'rolldown'
import { minifySync } from 'rolldown/utils'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { moduleGraph } from '../../../.ci/module-graph.mjs'
import { runOn } from '../testing/run-small.ts'
import { catalogue as small } from '../testing/small-catalogue.ts'
import type { GateCell } from './gate-cells.ts'
import { type JudgedCell, unjudgedCell } from './judged-cell.ts'
import { type Exports, type Graph, ModuleGraph } from './module-graph.ts'
import { keyOf, VerdictCache } from './verdict-cache.ts'

let folder: string
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'mmucheck-cache-'))
})
afterEach(() => rmSync(folder, { recursive: true, force: true }))

const find = <T extends { readonly id: string }>(all: readonly T[], id: string): T =>
  all.find((x) => x.id === id) as T
const cellOf = (design: string, scenario: string): GateCell => ({
  name: `${design} in ${scenario}`,
  design: find(small.designs, design),
  scenario: find(small.scenarios, scenario),
})

/** Sources with a helper two calls down, a constant that is closed over, and a design that uses neither. */
const SOURCES: Readonly<Record<string, string>> = {
  'explorer/cli/gate/judge-cell.ts':
    "import { limit } from '../../engine.ts'\nexport const judge = () => limit\n",
  'explorer/engine.ts': 'export const limit = 1\n',
  'model/helper.ts': "import { deeper } from './deeper.ts'\nexport const helper = () => deeper()\n",
  'model/deeper.ts': 'export const deeper = () => 1\n',
  'model/most.ts': 'export const MOST = 3\n',
  'model/scenarios/zap.ts':
    "import { helper } from '../helper.ts'\nexport const zap = { id: 'zap', build: () => helper() }\n",
  'model/scenarios/counts.ts': "export const counts = [{ id: 'counts' }]\n",
  'model/designs/bug.ts':
    "import { MOST } from '../most.ts'\nconst most = MOST\nexport const bugs = [{ id: 'request-first', does: () => most }]\n",
  'model/designs/other.ts': "export const other = { id: 'unmarks' }\n",
  'model/designs/upstream.ts': "export const upstream = { id: 'upstream' }\n",
  'properties/all.ts': `export const all = ${JSON.stringify(small.properties.map(({ id }) => ({ id })))}\n`,
}

/** The graph of the sources with some changed, as a build makes it. */
async function graphOf(changes: Readonly<Record<string, string>> = {}): Promise<ModuleGraph> {
  for (const [path, text] of Object.entries({ ...SOURCES, ...changes })) {
    mkdirSync(dirname(join(folder, path)), { recursive: true })
    writeFileSync(join(folder, path), text)
  }
  const { plugin, input, graph } = moduleGraph(folder, minifySync)
  const bundle = await rolldown({
    cwd: folder,
    input: { judge: 'explorer/cli/gate/judge-cell.ts', ...input },
    tsconfig: false,
    logLevel: 'silent',
    plugins: [plugin],
  })
  const { output } = await bundle.generate({ format: 'esm' })
  await bundle.close()
  expect(output.map(({ fileName }) => fileName)).toContain('catalogue-modules.js')
  // What the further entry exports, without running it.
  const exports = Object.entries({ ...SOURCES, ...changes }).flatMap(([path, text]): Exports => {
    const ids = [...text.matchAll(/\bid"?: ?['"]([a-z-]+)['"]/g)].map(([, id]) => ({ id }))
    return ids.length === 0 ? [] : [[path, { all: ids }]]
  })
  return new ModuleGraph(graph() as Graph, exports)
}

const CELLS = [
  cellOf('upstream', 'zap'),
  cellOf('upstream', 'counts'),
  cellOf('request-first', 'zap'),
  cellOf('unmarks', 'counts'),
]
const keysOf = (graph: ModuleGraph): string[] =>
  CELLS.map((cell) => keyOf(graph, cell, null, small.properties))

describe('the key of a verdict', () => {
  it.each([
    ['a helper two calls down', { 'model/deeper.ts': 'export const deeper = () => 2\n' }, [0, 2]],
    ['a constant that is closed over', { 'model/most.ts': 'export const MOST = 4\n' }, [2]],
    [
      'a scenario',
      { 'model/scenarios/counts.ts': "export const counts = [{ id: 'counts', more: 1 }]\n" },
      [1, 3],
    ],
    ['the engine', { 'explorer/engine.ts': 'export const limit = 2\n' }, [0, 1, 2, 3]],
    [
      'a property',
      { 'properties/all.ts': `${SOURCES['properties/all.ts']}export const x = 1\n` },
      [0, 1, 2, 3],
    ],
    ['a comment only', { 'model/deeper.ts': '// why\nexport const deeper = () => 1 // one\n' }, []],
    ['a design that nothing else uses', { 'model/designs/new.ts': "export const n = { id: 'new' }\n" }, []],
  ])('changes with %s, where it is used', async (_, changes, changed) => {
    const before = keysOf(await graphOf())
    const after = keysOf(await graphOf(changes))
    expect(before.flatMap((key, n) => (key === after[n] ? [] : [n]))).toEqual(changed)
    expect(new Set(before).size).toBe(CELLS.length)
  })

  it('is of all modules where one is not known', async () => {
    const without = { 'model/scenarios/counts.ts': 'export const counts = []\n' }
    const before = keysOf(await graphOf(without))
    const after = keysOf(await graphOf({ ...without, 'model/designs/other.ts': 'export const other = 1\n' }))
    expect(before[1]).not.toBe(after[1])
    expect(before[0]).toBe(after[0])
  })

  it('distinguishes kernels and judged properties', async () => {
    const graph = await graphOf({ 'model/kernels/kernels.ts': 'export const kernels = []\n' })
    const [cell] = CELLS
    const key = keyOf(graph, cell, null, small.properties)
    expect(keyOf(graph, cell, '6.1', small.properties)).not.toBe(key)
    const fewer = { ...cell, scenario: { ...cell.scenario, properties: ['root-dropped'] } }
    expect(keyOf(graph, fewer, null, small.properties)).not.toBe(key)
  })
})

describe('the cache', () => {
  const [cell] = CELLS
  const key = 'ab'.repeat(32)
  const complete: JudgedCell = {
    ...unjudgedCell({ design: 'upstream', scenario: 'zap' }, { stopped: null, modelError: null }),
    complete: true,
    states: 5,
  }
  const file = (): string => join(folder, 'ab', `${key}.json`)

  it('gives back what was written, and nothing else', () => {
    const cache = new VerdictCache(folder)
    expect(cache.read(key, cell)).toBeNull()
    expect(cache.write(key, complete)).toBe(true)
    expect(cache.read(key, cell)).toEqual(complete)
    expect(cache.read('ac'.repeat(32), cell)).toBeNull()
    expect(cache.read(key, cellOf('request-first', 'zap'))).toBeNull()
  })

  it('keeps no search that did not finish', () => {
    const cache = new VerdictCache(folder)
    cache.write(key, { ...complete, complete: false })
    cache.write(key, { ...complete, modelError: 'wrong' })
    expect(readdirSync(folder)).toEqual([])
  })

  it.each([
    ['is cut short', (text: string) => text.slice(0, 100)],
    ['is empty', () => ''],
    ['has another number', (text: string) => text.replace('"states":5', '"states":6')],
    ['has another key', (text: string) => text.replace('"key":"ab', '"key":"ba')],
    ['is of another format', (text: string) => text.replace('verdict/1', 'verdict/2')],
    ['has a further member', (text: string) => text.replace('{"format"', '{"more":1,"format"')],
    ['is not JSON', () => 'verdict: holds'],
  ])('ignores an entry that %s', (_, damage) => {
    const cache = new VerdictCache(folder)
    cache.write(key, complete)
    const text = readFileSync(file(), 'utf8')
    expect(damage(text)).not.toBe(text)
    writeFileSync(file(), damage(text))
    expect(cache.read(key, cell)).toBeNull()
  })

  it('drops what no run has used for a month, and leaves other files', () => {
    const cache = new VerdictCache(folder)
    cache.write(key, complete)
    writeFileSync(join(folder, 'ab', 'notes.txt'), '')
    cache.prune()
    expect(cache.read(key, cell)).not.toBeNull()
    const old = new Date(Date.now() - 31 * 24 * 3600 * 1000)
    for (const name of [`${key}.json`, 'notes.txt']) utimesSync(join(folder, 'ab', name), old, old)
    cache.prune()
    expect(readdirSync(join(folder, 'ab'))).toEqual(['notes.txt'])
  })
})

describe('gate with a cache', () => {
  it('says which verdicts are cached, searches what is new or damaged, and can do without', async () => {
    const modules = await graphOf()
    const baseline = join(folder, 'baseline.json')
    const cache = join(folder, 'verdicts')
    const table = {
      ...small,
      designs: ['upstream', 'request-first'].map((id) => find(small.designs, id)),
      scenarios: [find(small.scenarios, 'zap')],
    }
    const gate = (...args: string[]) =>
      runOn(table, ['gate', '--baseline', baseline, '--out', folder, '--cache', cache, ...args], {
        modules: async () => modules,
      })
    const first = await gate('--update', '--quiet')
    const said = async (...args: string[]): Promise<string> => (await gate(...args)).out.join(' ')
    const whole = await gate()
    expect(whole.status).toBe(first.status)
    expect(whole.out.join(' ')).toContain('2 of 2 verdicts are from the cache (--no-cache')
    expect(JSON.parse((await gate('--json')).out.join('\n')).cached).toEqual([
      'upstream in zap',
      'request-first in zap',
    ])
    expect(await said('--no-cache')).not.toContain('from the cache')
    // A search that may visit fewer states would not be complete.
    expect(await said('--max-states', '7')).toContain('1 of 2 verdicts are from the cache')
    const [damaged] = readdirSync(cache, { recursive: true, encoding: 'utf8' }).filter((name) =>
      /json$/.test(name),
    )
    writeFileSync(join(cache, damaged), '{}')
    expect(await said()).toContain(
      '1 of 2 verdicts are from the cache; the code of 1 is not that of an earlier run',
    )
    expect(await said()).toContain('2 of 2 verdicts')
  })
})
