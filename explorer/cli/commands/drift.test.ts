import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeEach, describe, expect, it } from 'vitest'
import { program, step } from '../../../model/language/program.ts'
import type { Scenario } from '../../../model/scenarios/scenario.ts'
import type { Catalogue } from '../catalogue.ts'
import { type Ran, runSmall } from '../testing/run-small.ts'
import { catalogue as small } from '../testing/small-catalogue.ts'

/** A tree of two functions, facts of two versions, and a program that cites one function. */

const folder = mkdtempSync(join(tmpdir(), 'mmucheck-drift-'))
afterAll(() => rmSync(folder, { recursive: true }))
const tree = join(folder, 'linux')
const facts = join(folder, 'facts')

const CODE = 'void ring(void)\n{\n\tpull();\n\tchime();\n}\n\nvoid hang(void)\n{\n}\n'

const rings = program<unknown>('ringer', 'rings', [
  step('R.1', { fn: 'ring', c: 'pull(' }),
  step('R.2', { fn: 'ring', c: { 'v1.0': 'strike(', 'v2.0': 'chime(' } }),
])

const catalogue: Catalogue = {
  ...small,
  scenarios: [{ ...small.scenarios[0], programs: () => [rings] } as Scenario<unknown>],
  sources: { paths: ['bell'], versions: ['v1.0', 'v2.0'], facts: 'none', standsForCode: () => true },
}

const drift = (...args: string[]): Promise<Ran> =>
  runSmall(['drift', '--kernel', tree, '--facts', facts, ...args], { catalogue })

const put = (code: string): void => writeFileSync(join(tree, 'bell', 'bell.c'), code)

const table = (version: string): string => join(facts, `v${version}.json`)

beforeEach(async () => {
  for (const path of [tree, facts]) rmSync(path, { recursive: true, force: true })
  mkdirSync(join(tree, 'bell'), { recursive: true })
  mkdirSync(facts)
  for (const version of ['1.0', '2.0'])
    writeFileSync(table(version), JSON.stringify({ version, release: `${version}.0`, functions: {} }))
  put(CODE)
  expect((await drift('--as', '2.0', '--update')).status).toBe(0)
})

describe('drift', () => {
  it('ends with 0 for the tree of the facts, which it finds by what is the same', async () => {
    const { status, out } = await drift()
    expect([status, out]).toEqual([
      0,
      [
        `mmucheck: ${tree} against Linux 2.0 (2.0.0)`,
        'mmucheck: 1 function unchanged, 0 changed, 0 gone, 0 absent with a reason, 2 anchors found, 0 missing, 0 out of order',
      ],
    ])
  })

  it('ends with 3 for another one, and says what to look at', async () => {
    put(CODE.replace('pull();\n\tchime();', 'chime();\n\tpull();'))
    const { status, out } = await drift('--as', 'v2.0')
    expect(status).toBe(3)
    expect(out.slice(0, 9)).toEqual([
      'changed   ring() bell/bell.c:1',
      '          read at bell/bell.c:1',
      'order     ring() bell/bell.c:1',
      '          model',
      '                4 ringer.R.1  pull(',
      '                3 ringer.R.2  chime(',
      '          C',
      '                3 ringer.R.2  chime(',
      '                4 ringer.R.1  pull(',
    ])
  })

  it('says which statements and functions are not there', async () => {
    put(CODE.replace('chime', 'buzz'))
    expect((await drift('--as', '2.0')).out).toContain('missing   ring() has no "chime("')
    put(CODE.replace('ring', 'peal'))
    expect((await drift('--as', '2.0')).out).toContain('gone      ring() read at bell/bell.c:1')
  })

  it('keeps facts only: no text of the tree', async () => {
    expect(JSON.parse(readFileSync(table('2.0'), 'utf8'))).toEqual({
      version: '2.0',
      release: '2.0.0',
      functions: { ring: [{ file: 'bell/bell.c', line: 1, hash: expect.stringMatching(/^[0-9a-f]{16}$/) }] },
    })
  })

  it('takes the version of the Makefile, or the newest before it, and its release', async () => {
    writeFileSync(join(tree, 'Makefile'), '# x\nVERSION = 2\nPATCHLEVEL = 3\nSUBLEVEL = 9\n')
    expect((await drift('--update')).out[0]).toContain('against Linux 2.0 (2.3.9)')
    writeFileSync(join(tree, 'Makefile'), 'VERSION = 1\nPATCHLEVEL = 7\nSUBLEVEL = 0\n')
    const { status, out } = await drift()
    expect([status, out]).toEqual([3, expect.arrayContaining(['missing   ring() has no "strike("'])])
    writeFileSync(join(tree, 'Makefile'), 'VERSION = 0\nPATCHLEVEL = 9\n')
    expect(await drift()).toMatchObject({
      status: 2,
      err: [expect.stringContaining('the tree is Linux 0.9'), expect.anything()],
    })
  })

  it('prints an object', async () => {
    put(CODE.replace('chime', 'buzz'))
    const { status, out } = await drift('--json', '--as', '2.0')
    const result = JSON.parse(out.join('\n'))
    expect([status, Object.keys(result)]).toEqual([
      3,
      [
        'version',
        'release',
        'inStep',
        'unchanged',
        'changed',
        'gone',
        'appeared',
        'explained',
        'unlisted',
        'uncited',
        'anchors',
        'missing',
        'order',
        'unanchored',
        'unread',
      ],
    ])
    expect(result).toMatchObject({ inStep: false, missing: [{ steps: ['ringer.R.2'], statement: 'chime(' }] })
  })

  it('ends with 2 without a tree or facts', async () => {
    const failing = async (...args: string[]) => {
      const { status, err } = await drift(...args)
      return [status, err[0]]
    }
    const nowhere = join(folder, 'nowhere')
    expect(await failing('--kernel', nowhere)).toEqual([
      2,
      `mmucheck: ${nowhere} is no kernel tree: it has no bell`,
    ])
    const file = join(folder, 'a-file')
    writeFileSync(file, '')
    expect(await failing('--kernel', file)).toEqual([
      2,
      `mmucheck: ${file} is no kernel tree: cannot read bell (ENOTDIR)`,
    ])
    expect(await failing('--as', '3.0')).toEqual([
      2,
      'mmucheck: v3.0 was not read; versions that were: v1.0, v2.0',
    ])
    expect(await failing('--as', 'new')).toEqual([
      2,
      'mmucheck: --as: must be a version such as 6.12, not "new"',
    ])
    writeFileSync(table('2.0'), '{ "version": "2.0" }')
    expect((await failing('--as', '2.0'))[1]).toContain('is no table of facts')
    rmSync(table('2.0'))
    expect((await failing('--as', '2.0'))[1]).toContain('cannot read the facts')
    expect(await runSmall(['drift', '--kernel', tree])).toMatchObject({
      status: 2,
      err: ['mmucheck: this model cites no sources', 'Try --help.'],
    })
    expect((await runSmall(['drift'], { catalogue })).status).toBe(2)
  })

  it('prints names from the tree on one line, without control characters', async () => {
    writeFileSync(join(tree, 'bell', 'a\n\u001b[31m.c'), 'int a;\0')
    const { status, out } = await drift()
    expect([status, out[0]]).toEqual([3, 'unread    bell/a\\n\\u{1b}[31m.c: it is not a text file'])
  })
})
