import { mkdtempSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import type { Catalogue } from '../catalogue.ts'
import { EXIT } from '../exit-status.ts'
import { CHECKER, runSmall } from '../testing/run-small.ts'

/** The small catalogue with one scenario in which dropped statements are noticed, and one reason. */
const catalogue: Catalogue = {
  ...CHECKER.catalogue,
  scenarios: CHECKER.catalogue.scenarios.filter(({ id }) => id === 'zap'),
}

const ofFunction = (fn: string): string => `${fn}.md`

it('the report has a file for each function, with the race that shows why a statement is needed', async () => {
  const folder = join(mkdtempSync(join(tmpdir(), 'necessity-')), 'new')
  const { status, out } = await runSmall(['mutate', '--out', folder], { catalogue })
  expect([status, out.length]).toEqual([EXIT.holds, 5])
  expect(readdirSync(folder).sort()).toEqual([
    'README.md',
    ...['drop', 'free', 'mark', 'request'].map(ofFunction),
  ])
  expect(readFileSync(join(folder, 'README.md'), 'utf8')).toBe(`\
# Why each statement is there: what goes wrong without it

| function | changes | noticed |
|---|---|---|
${['mark', 'request', 'free', 'drop'].map((fn) => `| [${fn}()](${ofFunction(fn)}) | 1 | 1 |\n`).join('')}`)
  const text = readFileSync(join(folder, ofFunction('request')), 'utf8')
  expect(text).toContain('## Z.2 in request()\n')
  expect(text).toContain('Noticed by `root-dropped` in `zap`, after 1 step.\n\n```\n')
  expect(text).toMatch(/\[dropped: kvm_make_request\(\)\] +\(B\)/)
  expect(text).toContain("Again: `mmucheck mutate zap --only drop --step 'Z.2 in request()'`\n")
})

it('a statement that nothing notices is listed with its reason', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'necessity-'))
  const waits = CHECKER.catalogue.scenarios.filter(({ id }) => id === 'waits')
  const surviving = [{ id: 'Z.1 in mark()', reason: 'bounds', because: 'Nothing is freed.' }] as const
  const known = { ...CHECKER.catalogue, scenarios: waits, mutants: { drop: { surviving, noticedIn: {} } } }
  await runSmall(['mutate', '--out', folder], { catalogue: known })
  expect(readFileSync(join(folder, ofFunction('mark')), 'utf8')).toContain(
    'Not noticed (bounds): Nothing is freed.\n',
  )
  expect(readFileSync(join(folder, ofFunction('free')), 'utf8')).toContain('Not noticed (unexplained).\n')
  expect(readFileSync(join(folder, ofFunction('free')), 'utf8')).not.toContain('```')
})

it('a folder that cannot be written to costs the report, not the result', async () => {
  const file = join(mkdtempSync(join(tmpdir(), 'necessity-')), 'file')
  writeFileSync(file, '')
  const { status, out, err } = await runSmall(['mutate', '--quiet', '--out', file], { catalogue })
  expect([status, out, err]).toEqual([
    EXIT.holds,
    ['mmucheck: score 4 of 4; 4 noticed, 0 no change, 0 explained, 0 not explained, 0 not decided'],
    [expect.stringMatching(/^mmucheck: cannot write to .*: E\w+; run it again with --out/)],
  ])
})
