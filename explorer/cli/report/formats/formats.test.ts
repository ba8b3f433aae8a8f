import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { createRequire } from 'node:module'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import Ajv04 from 'ajv-draft-04'
import fc from 'fast-check'
import { parse } from 'junit2json'
import type { Log } from 'sarif'
import { afterAll, describe, expect, it } from 'vitest'
import { runSmall } from '../../testing/run-small.ts'
import { githubText } from './github.ts'
import { junitText } from './junit.ts'
import { ktapText } from './ktap.ts'
import { markdownText } from './markdown.ts'
import type { Case, Output } from './output.ts'
import { sarifText } from './sarif.ts'

const folder = mkdtempSync(join(tmpdir(), 'mmucheck-formats-'))
afterAll(() => rmSync(folder, { recursive: true }))

const nowhere = (): null => null
const caseOf = (changes: Partial<Case>): Case => ({
  name: 'p',
  title: 'P holds.',
  outcome: 'pass',
  words: 'holds',
  kind: '',
  behaviour: null,
  ...changes,
})
const behaviour = {
  id: 'ce-0123abcd',
  file: 'out/ce-0123abcd.json',
  diagram: '  CPU0 (a)   CPU1 (b)\n  x < 1 && y # 2\n',
  steps: [
    { thread: 'a', step: 'A.1', text: 'x = 1' },
    { thread: 'b', step: 'B.1', text: '' },
    { thread: 'a', step: 'A.2', text: 'y = 2' },
  ],
}
const outputOf = (...cases: readonly Case[]): Output => ({
  version: '0.0.0',
  modelHash: '0123456789abcdef',
  verdict: 'mmucheck: 1 violated',
  suites: [{ name: 'd in s', notes: ['complete, 5 states'], cases }],
})
const mixed = outputOf(
  caseOf({}),
  caseOf({ name: 'q', outcome: 'fail', words: 'violated in 3 steps', kind: 'introduced', behaviour }),
  caseOf({ name: 'r', outcome: 'skip', words: 'inconclusive: 5 s passed' }),
  caseOf({ name: 'search-complete', outcome: 'error', words: 'inconclusive: 5 s passed' }),
)

/** Any text, with what formats treat specially more often. */
const nasty = fc.string({
  unit: fc.oneof(
    fc.constantFrom('#', '<', ']]>', '\n', '\u0000', '|', '`', '%', ':', ',', '\ud800'),
    fc.string(),
  ),
})
const anyOutput = fc
  .array(
    fc.record({
      name: nasty,
      words: nasty,
      outcome: fc.constantFrom('pass', 'fail', 'error', 'skip'),
      behaviour: fc.constantFrom(null, behaviour),
    }),
    { minLength: 1, maxLength: 6 },
  )
  .map((cases): Output => outputOf(...cases.map((each) => caseOf(each as Partial<Case>))))

/** A test of KTAP, with its subtests. */
interface Ktap {
  readonly ok: boolean
  readonly name: string
  readonly directive: string | null
  readonly subtests: readonly Ktap[]
}

/** Reads KTAP by the rules of Documentation/dev-tools/ktap.rst. @throws Error for what they do not allow. */
function readKtap(lines: string[], indent = ''): Ktap[] {
  const next = (): string | undefined =>
    lines[0]?.startsWith(indent) ? lines[0].slice(indent.length) : undefined
  const take = (pattern: RegExp): RegExpExecArray => {
    const found = pattern.exec(next() ?? '')
    if (found === null) throw new Error(`not KTAP: ${JSON.stringify(lines[0])}`)
    lines.shift()
    return found
  }
  const skipDiagnostics = (): void => {
    while (next()?.startsWith('#')) lines.shift()
  }
  take(/^KTAP version 1$/)
  skipDiagnostics()
  const count = Number(take(/^1\.\.(\d+)$/)[1])
  return Array.from({ length: count }, (_, n) => {
    skipDiagnostics()
    const subtests = next()?.startsWith('  ') ? readKtap(lines, `${indent}  `) : []
    skipDiagnostics()
    const [, not, number, name, directive] = take(/^(not )?ok (\d+) ([^#]*?)(?: # (.*))?$/)
    expect(Number(number)).toBe(n + 1)
    return { ok: not === undefined, name, directive: directive ?? null, subtests }
  })
}

describe('KTAP', () => {
  it('has a test for each search, with a subtest for each property', () => {
    const [suite] = readKtap(ktapText(mixed).split('\n'))
    expect(suite).toMatchObject({ ok: false, name: 'd in s' })
    expect(suite.subtests).toMatchObject([
      { ok: true, name: 'p', directive: null },
      { ok: false, name: 'q', directive: null },
      { ok: true, name: 'r', directive: 'SKIP inconclusive: 5 s passed' },
      { ok: false, name: 'search-complete' },
    ])
    expect(ktapText(mixed)).toContain('\n  #   x < 1 && y # 2\n')
  })

  it('keeps its shape with any text', () => {
    fc.assert(
      fc.property(anyOutput, (output) => {
        const [suite] = readKtap(ktapText(output).split('\n'))
        const outcomes = output.suites[0].cases.map(({ outcome }) => outcome === 'pass' || outcome === 'skip')
        expect(suite.subtests.map(({ ok }) => ok)).toEqual(outcomes)
        expect(suite.ok).toBe(outcomes.every((ok) => ok))
      }),
      { numRuns: 50 },
    )
  })
})

describe('JUnit', () => {
  it('has failures with the diagram, errors and skipped cases', async () => {
    const read = await parse(junitText(mixed))
    expect(read).toMatchObject({ tests: 4, failures: 1, errors: 1, skipped: 1 })
    const [suite] = (read as { testsuite: { testcase: object[]; name: string }[] }).testsuite
    expect(suite.name).toBe('d in s')
    expect(suite.testcase[1]).toMatchObject({
      name: 'q',
      failure: [{ message: 'violated in 3 steps', inner: expect.stringContaining('x < 1 && y # 2') }],
    })
  })

  it('is XML with any text', async () => {
    await fc.assert(
      fc.asyncProperty(anyOutput, async (output) => {
        const { cases } = output.suites[0]
        const read = await parse(junitText(output))
        const failed = cases.filter(({ outcome }) => outcome === 'fail').length
        expect(read).toMatchObject({ tests: cases.length, failures: failed })
      }),
      { numRuns: 30 },
    )
  })
})

describe('SARIF', () => {
  const require = createRequire(import.meta.url)
  const schema = JSON.parse(
    readFileSync(require.resolve('@microsoft/jest-sarif/lib/schemas/sarif-2.1.0-rtm.5.json'), 'utf8'),
  )
  // The schema has a pattern that is only valid without the flag `u`, and formats that Ajv does not know.
  const isSarif = new Ajv04.default({ validateFormats: false, strict: false, unicodeRegExp: false }).compile(
    schema,
  )
  const validated = (text: string): Log => {
    const log = JSON.parse(text)
    expect([isSarif(log), isSarif.errors]).toEqual([true, null])
    return log
  }

  it('is valid, and shows the interleaving by execution order', () => {
    const at = { file: 'properties/q.ts', line: 7 }
    const [run] = validated(sarifText(mixed, (name) => (name === 'q' ? at : null))).runs
    const [result, open] = run.results ?? []
    expect(run.tool.driver.rules?.map(({ id }) => id)).toEqual(['q', 'r'])
    expect(result).toMatchObject({ ruleId: 'q', level: 'error', baselineState: 'new' })
    expect(result.locations?.[0].physicalLocation?.region?.startLine).toBe(7)
    const flows = result.codeFlows?.[0].threadFlows ?? []
    expect(flows.map(({ id, locations }) => [id, locations.map((each) => each.executionOrder)])).toEqual([
      ['a', [1, 3]],
      ['b', [2]],
    ])
    expect(open).toMatchObject({ ruleId: 'r', kind: 'open' })
    expect(run.invocations?.[0].executionSuccessful).toBe(false)
  })

  it('is valid with any text', () => {
    fc.assert(
      fc.property(anyOutput, (output) => {
        validated(sarifText(output, nowhere))
      }),
      { numRuns: 20 },
    )
  })
})

describe('GitHub annotations', () => {
  it('are at the place of the property, with line ends escaped', () => {
    const text = githubText(mixed, (name) => (name === 'q' ? { file: 'a,b:c.ts', line: 3 } : null))
    const [first, second] = text.split('\n')
    expect(first).toMatch(
      /^::error file=a%2Cb%3Ac\.ts,line=3,title=d in s%3A q::violated in 3 steps%0A {2}CPU0/,
    )
    expect(second).toBe('::error title=d in s%3A search-complete::inconclusive: 5 s passed')
  })

  it('are one line each with any text, and ten at most', () => {
    fc.assert(
      fc.property(anyOutput, (output) => {
        for (const line of githubText(output, nowhere).split('\n'))
          expect(line).toMatch(/^::(error|notice) title=/)
      }),
    )
    const many = outputOf(...Array.from({ length: 30 }, () => caseOf({ outcome: 'fail' })))
    const lines = githubText(many, nowhere).split('\n')
    expect(lines).toHaveLength(10)
    expect(lines.at(-1)).toContain('and 21 more')
  })
})

describe('Markdown', () => {
  it('has a table of what fails, and the diagram in a fence', () => {
    const text = markdownText(mixed)
    expect(text).toContain('| FAIL | d in s | q | violated in 3 steps |')
    expect(text).toContain('<details open><summary>d in s: q</summary>\n\n```text\n  CPU0 (a)   CPU1 (b)\n')
    expect(text).not.toContain('| p |')
  })

  it('keeps its rows with any text, and fits a comment', () => {
    fc.assert(
      fc.property(anyOutput, (output) => {
        const rows = markdownText(output)
          .split('\n')
          .filter((line) => line.startsWith('| ') && !line.startsWith('| |'))
        const expected = output.suites[0].cases.filter(({ outcome }) => outcome !== 'pass')
        expect(rows).toHaveLength(expected.length)
        for (const row of rows) expect(row.replaceAll(/\\./gs, '').split('|')).toHaveLength(6)
      }),
    )
    const large = { ...behaviour, diagram: 'x'.repeat(50_000) }
    const all = [1, 2, 3].map(() => caseOf({ outcome: 'fail', behaviour: large }))
    expect(markdownText(outputOf(...all)).length).toBeLessThan(65_536)
  })
})

describe('check --format', () => {
  const check = (...args: string[]) => runSmall(['check', 'zap', '--design', 'D1', '--out', folder, ...args])

  it('prints the report instead of the text, with the same exit status', async () => {
    const text = await check()
    for (const format of ['ktap', 'junit', 'sarif', 'github', 'markdown']) {
      const { status, out, err } = await check('--format', format)
      expect([format, status, err]).toEqual([format, text.status, []])
      expect(out.join('\n')).toContain('root-dropped')
    }
    const ktap = readKtap([...(await check('--format', 'ktap')).out])
    expect(ktap[0].subtests.find(({ name }) => name === 'root-dropped')?.ok).toBe(false)
    // It had nothing to judge: no reader may take that for a pass.
    expect(ktap[0].subtests.find(({ name }) => name === 'never-asked')?.ok).toBe(false)
  })

  it('appends the Markdown to the job summary of GitHub', async () => {
    const summary = join(folder, 'job-summary')
    const args = ['check', 'zap', '--design', 'D1', '--out', folder, '--format', 'github']
    const { out } = await runSmall(args, { env: { GITHUB_STEP_SUMMARY: summary } })
    expect(out.at(-1)).toMatch(/^mmucheck: 4 violated|^mmucheck: \d violated/)
    expect(readFileSync(summary, 'utf8')).toContain('```text')
    const lost = await runSmall(args, { env: { GITHUB_STEP_SUMMARY: folder } })
    expect([lost.status, lost.err[0]]).toEqual([1, expect.stringContaining('cannot write the job summary')])
  })

  it('refuses two reports on standard output', async () => {
    expect((await check('--format', 'ktap', '--json')).status).toBe(2)
    expect((await check('--format', 'ktap', '--quiet')).status).toBe(2)
    expect((await check('--format', 'xml')).status).toBe(2)
    expect((await check('--format', 'ktap', '--json', join(folder, 'r.json'))).status).toBe(1)
  })
})
