import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { drop, replace } from '../../../model/language/patch.ts'
import { step } from '../../../model/language/program.ts'
import type { Catalogue } from '../catalogue.ts'
import { readBaseline } from '../gate/baseline-file.ts'
import { gateShape } from '../gate/gate-json.ts'
import { type Ran, runOn } from '../testing/run-small.ts'
import { catalogue as small } from '../testing/small-catalogue.ts'

let folder: string
let file: string
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'mmucheck-gate-'))
  file = join(folder, 'baseline.json')
})
afterEach(() => rmSync(folder, { recursive: true, force: true }))

const scenarioOf = (id: string, properties?: readonly string[]) => {
  const found = small.scenarios.find((s) => s.id === id) as (typeof small.scenarios)[0]
  return properties === undefined ? found : { ...found, properties }
}
const ZAP = scenarioOf('zap')
const ALIKE = scenarioOf('alike', ['no-dead-end'])
const UPSTREAM = small.designs.find(({ id }) => id === 'upstream') as (typeof small.designs)[0]
const FIRST = small.designs.find(({ id }) => id === 'request-first') as (typeof small.designs)[0]

/** What is judged of upstream here is known; its vacuous property and the waiting vCPU are expected. */
const upstream = {
  ...UPSTREAM,
  expect: [{ scenario: 'zap', property: 'never-asked', verdict: 'vacuous', note: 'by design' }] as const,
}
const first = {
  ...FIRST,
  expect: [
    ...FIRST.expect,
    ...upstream.expect,
    { scenario: 'zap', property: 'no-dead-end', verdict: 'violated' },
  ] as const,
}
const table: Catalogue = { ...small, scenarios: [ZAP, ALIKE], designs: [upstream, first] }

const gateOf = (catalogue: Catalogue, ...args: string[]): Promise<Ran> =>
  runOn(catalogue, ['gate', '--baseline', file, '--out', join(folder, 'out'), ...args])
const last = ({ out }: Ran): string => out.at(-1) ?? ''
const withUpstream = (changes: Partial<typeof UPSTREAM>): Catalogue => ({
  ...table,
  designs: [{ ...upstream, ...changes }, first],
})

/** The base with patches, as if its steps had been written so. */
const changedBase = (patches: typeof FIRST.patches, changes: Partial<typeof UPSTREAM> = {}): Catalogue => ({
  ...withUpstream(changes),
  scenarios: [{ ...ZAP, build: (change) => ZAP.build(change?.patches.length ? change : { patches }) }, ALIKE],
})

describe('gate', () => {
  beforeEach(async () => {
    const { status, out } = await gateOf(table, '--update')
    expect(status, out.join('\n')).toBe(0)
  })

  it('passes when everything is as recorded', async () => {
    const ran = await gateOf(table)
    expect(ran).toEqual({ status: 0, out: ['mmucheck: gate passes: 3 cells as recorded'], err: [] })
  })

  it('fails with 1 for a violation that was introduced, and shows it', async () => {
    const ran = await gateOf(changedBase(first.patches))
    expect(ran.status).toBe(1)
    const text = ran.out.join('\n')
    expect(text).toContain('INTRODUCED: violations that are not recorded, or not expected (3)')
    expect(text).toMatch(
      /root-dropped: upstream in zap\n {4}was: holds, judged \d+ times\n {4}now: violated in \d+/,
    )
    expect(text).toContain('<--- BUG: can-free')
    expect(text).toContain('--update')
    const [shown] = readdirSync(join(folder, 'out'))
    expect(text).toContain(`mmucheck show ${join(folder, 'out')}/`)
    expect(readdirSync(join(folder, 'out'))).toHaveLength(3)
    expect(shown).toMatch(/^ce-/)
    expect(last(ran)).toBe('mmucheck: gate fails: 3 introduced, 1 changed; 2 of 3 cells as recorded')
  })

  it('fails with 1 for a violation that is recorded, but not expected', async () => {
    const broken = changedBase(first.patches)
    expect((await gateOf(broken, '--update')).status).toBe(1)
    const ran = await gateOf(broken)
    expect([ran.status, ran.out.join('\n')]).toEqual([
      1,
      expect.stringContaining('recorded, but not expected'),
    ])
  })

  it('fails with 1 for a violation that is expected, but not recorded', async () => {
    const expect_ = [...upstream.expect, ...first.expect]
    const ran = await gateOf(changedBase(first.patches, { expect: expect_ }))
    expect([ran.status, ran.out.join('\n')]).toEqual([
      1,
      expect.stringContaining('expected, but not recorded'),
    ])
  })

  it('fails with 3 for a known bug that is not caught any more', async () => {
    const ran = await gateOf({ ...table, designs: [upstream, { ...first, patches: [] }] })
    expect(ran.status).toBe(3)
    expect(ran.out.join('\n')).toMatch(
      /NOT CAUGHT.*\(3\)\n {2}request-first in zap: root-dropped\n {4}was: viol/,
    )
  })

  it('passes for a bug that is fixed, and says so', async () => {
    const fixed = { ...first, patches: [], expect: upstream.expect }
    const ran = await gateOf({ ...table, designs: [upstream, fixed] })
    expect(ran.status).toBe(0)
    expect(last(ran)).toMatch(/gate passes: 3 fixed, 1 changed; 2 of 3 cells/)
  })

  it('fails with 3 for coverage that is lost: a cell, a property, its antecedent, a step', async () => {
    const gone = await gateOf({ ...table, designs: [upstream] })
    expect([gone.status, gone.out.join('\n')]).toEqual([
      3,
      expect.stringContaining('there is no such cell any more'),
    ])

    const unlisted = { ...ZAP, properties: ZAP.properties.filter((id) => id !== 'marked-for-good') }
    const property = await gateOf({ ...table, scenarios: [unlisted, ALIKE] })
    expect([property.status, property.out.join('\n')]).toEqual([
      3,
      expect.stringContaining('upstream in zap: marked-for-good\n    was: holds'),
    ])

    const deaf = {
      ...small.properties.find(({ id }) => id === 'marked-for-good'),
      given: () => false,
    } as (typeof small.properties)[0]
    const others = small.properties.filter(({ id }) => id !== deaf.id)
    const idle = await gateOf({ ...table, properties: [...others, deaf] })
    expect([idle.status, idle.out.join('\n')]).toEqual([
      3,
      expect.stringContaining('it has nothing to judge'),
    ])

    const dead = replace('V.2', step('V.2', {}, { when: () => false, does: () => {} }))
    const untaken = await gateOf({ ...changedBase([dead]), designs: [upstream] })
    expect(untaken.out.join('\n')).toContain('V.2 is never taken, in no cell')
  })

  it('fails with 4 for what is vacuous or inconclusive', async () => {
    const vacuous = await gateOf(withUpstream({ expect: [] }))
    expect([vacuous.status, vacuous.out.join('\n')]).toEqual([
      4,
      expect.stringContaining('VACUOUS: nothing to judge (1)\n  upstream in zap: never-asked'),
    ])
    const cut = await gateOf(table, '--max-states', '3')
    expect([cut.status, cut.out.join('\n')]).toEqual([
      4,
      expect.stringContaining('now: more than 3 states (--max-states)'),
    ])
  })

  it('says which cells the budget left out', async () => {
    const ran = await gateOf(table, '--budget', '0.0000001', '--workers', '1')
    expect([ran.status, ran.out.join('\n')]).toEqual([
      4,
      expect.stringContaining('passed for all cells (--budget)'),
    ])
  })

  it('lets other cells run when model code of one fails', async () => {
    const wrong = withUpstream({ patches: [drop('Z.99')] })
    const ran = await gateOf(wrong)
    expect(ran.status).toBe(2)
    expect(last(ran)).toBe('mmucheck: gate fails: 2 with a wrong model; 1 of 3 cells as recorded')
  })

  it('reports other counts, and fails for them with --same-graph only', async () => {
    const baseline = JSON.parse(readFileSync(file, 'utf8'))
    baseline.cells['upstream in zap'].states++
    writeFileSync(file, JSON.stringify(baseline))
    const ran = await gateOf(table)
    expect([ran.status, last(ran)]).toEqual([0, 'mmucheck: gate passes: 1 changed; 2 of 3 cells as recorded'])
    expect((await gateOf(table, '--same-graph')).status).toBe(3)
  })

  it('passes for a new cell that is as expected, and fails for one that is not', async () => {
    const added = { ...upstream, id: 'added', aliases: [], status: 'candidate', scenarios: ['zap'] } as const
    const ran = await gateOf({ ...table, designs: [...table.designs, added] })
    expect([ran.status, last(ran)]).toEqual([0, 'mmucheck: gate passes: 1 new; 3 of 4 cells as recorded'])
    const expected = [{ scenario: 'zap', property: 'root-dropped', verdict: 'violated' }] as const
    const wrong = { ...added, expect: [...upstream.expect, ...expected] }
    const mistaken = await gateOf({ ...table, designs: [...table.designs, wrong] })
    expect([mistaken.status, mistaken.out.join('\n')]).toEqual([
      3,
      expect.stringContaining('added in zap: root-dropped\n    now: holds'),
    ])
  })

  it('searches some cells', async () => {
    const ran = await gateOf(table, '--only', 'alike', '--only', 'request-first')
    expect(last(ran)).toBe('mmucheck: gate passes: 2 cells as recorded')
    const none = await gateOf(table, '--only', 'alik3')
    expect([none.status, none.err[0]]).toEqual([2, 'mmucheck: --only: no cell has that in its name: alik3'])
  })

  it('prints the result as JSON, the same each time', async () => {
    const ran = await gateOf(table, '--json')
    const result = gateShape.parse(JSON.parse(ran.out.join('\n')))
    expect(result.cells.map(({ design, scenario }) => `${design} in ${scenario}`)).toEqual([
      'upstream in zap',
      'upstream in alike',
      'request-first in zap',
    ])
    expect(await gateOf(table, '--json')).toEqual(ran)
  })
})

describe('gate --update', () => {
  it('prints what differs, and keeps what was not searched', async () => {
    await gateOf(table, '--update')
    const before = readBaseline(file)
    const ran = await gateOf(
      withUpstream({ patches: first.patches }),
      '--update',
      '--only',
      'upstream in zap',
    )
    expect(ran.out).toContain('upstream in zap')
    expect(ran.out.some((line) => /^ {2}- root-dropped: holds, /.test(line))).toBe(true)
    expect(ran.out.some((line) => /^ {2}\+ root-dropped: violated, /.test(line))).toBe(true)
    const after = readBaseline(file)
    expect(Object.keys(after.cells)).toEqual(Object.keys(before.cells))
    expect(after.cells['upstream in alike']).toEqual(before.cells['upstream in alike'])
    expect(after.cells['upstream in zap'].properties['root-dropped'].verdict).toBe('violated')
  })

  it('keeps the record of a search that did not finish', async () => {
    await gateOf(table, '--update')
    const before = readFileSync(file, 'utf8')
    expect((await gateOf(table, '--update', '--max-states', '3')).status).toBe(4)
    expect(readFileSync(file, 'utf8')).toBe(before)
  })

  it('is refused in CI, and for a shard', async () => {
    const args = ['gate', '--baseline', file, '--update']
    const inCi = await runOn(table, args, { env: { CI: 'true' } })
    expect([inCi.status, inCi.err[0]]).toEqual([2, expect.stringContaining('--update: CI is set')])
    expect((await gateOf(table, '--update', '--shard', '1/2')).status).toBe(2)
    expect(readdirSync(folder)).toEqual([])
  })

  it.each([
    ['is missing', null, 'there is no baseline; record one with --update'],
    ['is damaged', '{ "format": "mmucheck-baseline/1" }', 'not a baseline file: cells'],
    ['is not JSON', '{', 'baseline.json: '],
  ])('must come first where the file %s', async (_, text, why) => {
    if (text !== null) writeFileSync(file, text)
    const ran = await gateOf(table)
    expect([ran.status, ran.err[0]]).toEqual([2, expect.stringContaining(why)])
  })
})

describe('merge', () => {
  const broken = changedBase(first.patches)
  const part = (n: number): string => join(folder, `${n}.json`)
  const mergeOf = (...paths: string[]): Promise<Ran> =>
    runOn(broken, ['merge', ...paths, '--baseline', file, '--out', join(folder, 'out')])
  beforeEach(async () => {
    await gateOf(table, '--update')
  })

  it.each([1, 2, 3, 5])('reports for %i shards what the whole gate reports', async (of) => {
    const whole = await gateOf(broken)
    for (let n = 1; n <= of; n++) await gateOf(broken, '--shard', `${n}/${of}`, '--json', part(n))
    const paths = Array.from({ length: of }, (_, n) => part(n + 1))
    expect(await mergeOf(...paths.toReversed())).toEqual(whole)
  })

  it('refuses anything but all shards of one run', async () => {
    for (let n = 1; n <= 2; n++) await gateOf(broken, '--shard', `${n}/2`, '--json', part(n))
    await gateOf(broken, '--json', part(3))
    await gateOf(broken, '--shard', '2/3', '--json', part(4))
    const why = async (...numbers: number[]): Promise<unknown> => {
      const { status, err } = await mergeOf(...numbers.map(part))
      return [status, err[0]]
    }
    expect(await why(1)).toEqual([2, expect.stringContaining('shard 2 of 2 is missing')])
    expect(await why(1, 1)).toEqual([2, expect.stringContaining('shard 1 is there twice')])
    expect(await why(3)).toEqual([2, expect.stringContaining('is no shard')])
    expect(await why(1, 4)).toEqual([2, expect.stringContaining('is of another run')])
    expect(await why(9)).toEqual([2, expect.stringContaining('cannot read')])
    const other = JSON.parse(readFileSync(part(1), 'utf8'))
    writeFileSync(part(1), JSON.stringify({ ...other, modelHash: 'fedcba9876543210' }))
    expect(await why(1, 2)).toEqual([2, expect.stringContaining('is of another model or version')])
    writeFileSync(part(1), JSON.stringify({ ...other, cells: [] }))
    expect(await why(1, 2)).toEqual([2, expect.stringContaining('no shard has the cell')])
    writeFileSync(part(1), '[]')
    expect(await why(1, 2)).toEqual([2, expect.stringContaining('is not the result of a gate')])
  })
})
