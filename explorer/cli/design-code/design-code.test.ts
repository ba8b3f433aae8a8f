import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { readCounterexample } from '../../../counterexamples/counterexample-file.ts'
import { effort } from '../../testing/effort.ts'
import { builtPrograms, SMALL } from '../testing/built-programs.ts'
import { type Ran, runSmall } from '../testing/run-small.ts'
import { readDesignCode } from './read-code.ts'

let folder: string
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'mmucheck-code-'))
})
afterAll(() => rmSync(folder, { recursive: true, force: true }))

let written = 0
/** Writes files into a new folder. @returns the path of the first. */
function files(all: Readonly<Record<string, string>>): string {
  const here = join(folder, String(written++))
  for (const [name, text] of Object.entries(all)) {
    mkdirSync(dirname(join(here, name)), { recursive: true })
    writeFileSync(join(here, name), text)
  }
  return join(here, Object.keys(all)[0])
}

/** A design that marks nothing, but says that it does. */
const FORGETS = {
  'forgets.ts': `
import { replace, step } from 'mmucheck/language'
import { scenarios, type Small } from './lib/where.ts'

const forget = step<Small>('Z.1', { fn: 'mark', shows: 'forgets to mark' }, { does: (w: Small): void => { w.marked = false } })
export default { id: 'forgets', title: 'forgets to mark the root', scenarios, patches: [replace('Z.1', forget)] }
`,
  'lib/where.ts': `
export interface Small { marked: boolean }
export const scenarios: readonly string[] = ['zap']
`,
}

/** Seven counters that are never reset, and an oops. */
const OOPS = {
  'oops.ts': `
import { insert, Oops, step } from 'mmucheck/language'
export default {
  id: 'frees-twice', title: 'frees twice', scenarios: ['zap'],
  patches: [insert({ after: 'Z.3' }, step('Z.4', { fn: 'free' }, { does: () => { throw new Oops('no-double-free', 'twice') } }))],
}
`,
}

const check = (path: string, ...more: string[]): Promise<Ran> =>
  runSmall(['check', '--design', path, '--out', join(folder, 'out'), ...more])

const pathIn = ({ out }: Ran): string =>
  out
    .find((line) => line.includes(join(folder, 'out')))
    ?.split(' ')
    .at(-1) ?? ''

describe('a design that is code', () => {
  it('is searched with the files it imports, and its oopses are those of the program', async () => {
    const ran = await check(files(OOPS))
    expect([ran.status, ran.err]).toEqual([1, []])
    expect(ran.out.join('\n')).toMatch(/no-double-free +VIOLATED/)
    const forgets = await check(files(FORGETS), '--property', 'can-free', '--property', 'root-dropped')
    expect([forgets.status, forgets.err]).toEqual([1, []])
    expect(forgets.out.join('\n')).toContain('replace Z.1 by Z.1')
  })

  it('gives counterexamples its hash, which replay holds against the file', async () => {
    const path = files(FORGETS)
    const ce = pathIn(await check(path, '--property', 'can-free'))
    const { designCode, designFile } = readCounterexample(ce)
    const { sha256 } = await readDesignCode(path, ['mmucheck/language'])
    expect([designCode, designFile]).toEqual([{ file: 'forgets.ts', sha256 }, undefined])
    for (const command of ['replay', 'show', 'shrink']) {
      const alone = await runSmall([command, ce])
      expect([alone.status, alone.err[0]]).toEqual([
        2,
        expect.stringMatching(
          /which is code: give its file with --design \(forgets\.ts, SHA-256 [0-9a-f]{12}\)$/,
        ),
      ])
      expect((await runSmall([command, ce, '--design', path, '--out', join(folder, 'out')])).status).toBe(0)
    }
    // Another file is replayed as it is, with a warning; the replay decides.
    const replayWith = async (text: string): Promise<Ran> =>
      runSmall(['replay', ce, '--design', files({ ...FORGETS, 'forgets.ts': text })])
    const same = await replayWith(`${FORGETS['forgets.ts']}// more\n`)
    expect([same.status, same.err]).toEqual([
      0,
      [expect.stringMatching(/warning: .*forgets\.ts is not as it was when ce-\w+ was found \(SHA-256 /)],
    ])
    const drops = FORGETS['forgets.ts'].replace(
      "replace('Z.1', forget)",
      "replace('Z.1', step('Z.1', {}, { does: (w: Small) => { w.marked = true } }))",
    )
    const other = await replayWith(drops)
    expect(other.status).toBe(2)
    expect(other.err[1]).toMatch(/is not as it was when ce-\w+ was found\. Check it again$/)
  })

  it('has the same hash wherever its folder lies, and another for another text of an import', async () => {
    const names = ['mmucheck/language']
    const hashOf = async (all: Readonly<Record<string, string>>): Promise<string> =>
      (await readDesignCode(files(all), names)).sha256
    const first = await hashOf(FORGETS)
    expect(await hashOf(FORGETS)).toBe(first)
    expect(await hashOf({ ...FORGETS, 'lib/where.ts': `${FORGETS['lib/where.ts']}// more\n` })).not.toBe(
      first,
    )
  })

  it.each([
    ['enum', 'const a = 1\nenum X { A }\n', /\.ts:2: TypeScript enum is not supported/],
    ['syntax', 'export default {\n  id: ,\n}\n', /\.ts:2: /],
    [
      'a type',
      "import { Patch } from 'mmucheck/language'\n",
      /nothing is exported under the name Patch; if it is a type/,
    ],
    ['no design', 'export const a = 1\n', /exports no design: write "export default/],
    ['a package', "\nimport x from 'lodash'\n", /:2: import "lodash": a design can import files beside it/],
    ['a typo', "import { step } from 'mmucheck/languag'\n", /did you mean mmucheck\/language\?$/],
    ['a file without its ending', "import './x'\n", /:1: import ".\/x": name the file with its ending/],
    ['a file that is not there', "import './x.ts'\n", /x\.ts: there is no such file$/],
    ['import()', "\n\nconst x = await import('./x.ts')\n", /:3: import\(\): a design can only import at the/],
    ['itself', "import './design.ts'\n", /imports itself, by way of others/],
    ['no patches', "export default { id: 'x', title: 'x', patches: [] }\n", /must be at least one/],
    ['an id', "export default { id: 'X', title: 'x', patches: [] }\n", /: id: must consist of lower-case/],
    ['a patch', "export default { id: 'x', title: 'x', patches: [{ op: 'burn' }] }\n", /: patches\[0\]/],
    [
      'a step',
      "export default { id: 'x', title: 'x', patches: [{ op: 'drop', name: 'Z.11' }] }\n",
      /patch 1: no step is called "Z.11"; did you mean Z.1\?$/,
    ],
    ['a throw', "throw new Error('not today')\n", /not today$/],
  ])('says in one line what is wrong: %s', async (_, text, message) => {
    const { status, out, err } = await check(files({ 'design.ts': text }))
    expect([status, out]).toEqual([2, []])
    expect(err).toEqual([expect.stringMatching(message), 'Try --help.'])
  })

  it('is held against what it expects by the gate', async () => {
    const expecting = (expect: string): string =>
      files({
        ...OOPS,
        'oops.ts': OOPS['oops.ts'].replace("scenarios: ['zap'],", `scenarios: ['zap'], expect: ${expect},`),
      })
    const violated = "[{ scenario: 'zap', property: 'no-double-free', verdict: 'violated' }]"
    const judge = (path: string, ...more: string[]): Promise<Ran> =>
      runSmall(['gate', '--design', path, '--out', join(folder, 'out'), '--only', 'frees-twice', ...more])
    const without = await judge(expecting('[]'), '--format', 'markdown')
    expect([without.status, without.err]).toEqual([1, []])
    expect(without.out.join('\n')).toContain('<--- BUG: no-double-free')
    const caught = await judge(expecting(violated))
    expect(caught.out.join('\n')).not.toContain('INTRODUCED')
    const holds = expecting("[{ scenario: 'zap', property: 'root-dropped', verdict: 'violated' }]")
    expect((await judge(holds)).out.join('\n')).toContain('NOT CAUGHT')
    expect((await judge(holds, '--update')).err[0]).toMatch(/--update cannot be used with --design/)
  })

  it('is compared by diff', async () => {
    const { status, out, err } = await runSmall(['diff', 'upstream', files(FORGETS)])
    expect([status, err]).toEqual([1, []])
    expect(out.join('\n')).toMatch(/\broot-dropped +holds +VIOLATED/)
  })

  it('is explained with what it changes, where, and in how many places', async () => {
    const path = files(FORGETS)
    const { status, out } = await runSmall(['explain', path])
    expect(status).toBe(0)
    expect(out[0]).toBe('design forgets')
    expect(out.join(' ').replace(/\s+/g, ' ')).toContain('patch 1: replace Z.1 by Z.1 (zapper Z.1): mark():')
    expect(out.join(' ')).toMatch(/1 place/)
  })
})

describe('in the built program', () => {
  const { run } = builtPrograms()

  it('an error of model code names the line of the file', () => {
    const text = `import { replace, step } from 'mmucheck/language'
const fail = (w: { marked: boolean }): void => {
  if (w.marked) return
  throw new Error('not like this')
}
export default { id: 'fails', title: 'fails', scenarios: ['zap'], patches: [replace('Z.1', step('Z.1', {}, { does: fail }))] }
`
    const path = files({ 'fails.ts': text })
    const { status, stderr } = run(SMALL, ['check', '--design', path, '--property', 'root-dropped'])
    expect(status).toBe(2)
    expect(stderr).toMatch(/step Z\.1 of zapper: not like this \(.*fails\.ts:4\)\n/)
  })

  const loops = (text: string): string => files({ 'loops.ts': text })

  it('a step that does not end is stopped, and is no verdict', () => {
    const path = loops(
      "import { replace, step } from 'mmucheck/language'\nexport default { id: 'loops', title: 'loops', scenarios: ['zap'], patches: [replace('Z.1', step('Z.1', {}, { does: () => { for (;;); } }))] }\n",
    )
    const limit = ['--time-limit', '0.1', '--allow-incomplete', '--property', 'root-dropped']
    const { status, stdout, stderr } = run(SMALL, ['check', '--design', path, ...limit])
    expect([status, stdout]).toEqual([2, expect.not.stringMatching(/root-dropped +holds/)])
    expect(stderr).toContain('gave no sign of life in')
  })

  it.skipIf(effort(1, 0) === 1)('a file that does not end is stopped', () => {
    const path = loops("export default { id: 'loops', title: 'loops', patches: [] }\nfor (;;);\n")
    const { status, stderr } = run(SMALL, ['check', '--design', path])
    expect([status, stderr]).toEqual([2, expect.stringMatching(/does not come to an end in 20 s/)])
  })
})
