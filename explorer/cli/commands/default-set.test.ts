import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import type { Catalogue } from '../catalogue.ts'
import { counterexampleFiles } from '../counterexample-files.ts'
import type { CounterexampleWriter } from '../counterexample-writer.ts'
import { resultSchema } from '../report/result-json.ts'
import type { SearchRunner } from '../search-runner.ts'
import { CHECKER, inThisThread, runSmall } from '../testing/run-small.ts'
import { catalogue } from '../testing/small-catalogue.ts'

/** The small catalogue with some of its designs, and with the one scenario that ends. */
function only(...designs: string[]): Catalogue {
  return {
    scenarios: catalogue.scenarios.slice(0, 1),
    designs: catalogue.designs
      .filter((d) => designs.includes(d.id))
      .map((d) => ({
        ...d,
        expect: [...d.expect, neverAsked, ...(d.id === 'request-first' ? [deadEnd] : [])],
      })),
    properties: catalogue.properties,
  }
}

const neverAsked = {
  scenario: 'zap',
  property: 'never-asked',
  verdict: 'vacuous',
  note: 'It is about nothing.',
} as const
const deadEnd = { scenario: 'zap', property: 'no-dead-end', verdict: 'violated' } as const

const featured = {
  question: 'Mark first, or request first?',
  broken: { scenario: 'zap', design: 'request-first' },
  fixed: { scenario: 'zap', design: 'upstream' },
}

describe('the default set', () => {
  it('is upstream and the designs; a known violation is expected', async () => {
    const { status, out } = await runSmall([], { catalogue: only('upstream', 'request-first') })
    expect(status).toBe(0)
    expect(out.map((line) => line.replace(/\d+\.\d s/, '0.0 s'))).toEqual([
      'zap, design upstream (D0): 4 hold, 1 vacuous, 1 reached',
      '  complete, 6 states, 5 transitions, depth 5, 0.0 s',
      'zap, design request-first (D1): 1 hold, 1 vacuous, 1 reached',
      '  VIOLATED root-dropped, 4 steps, as expected',
      '  VIOLATED no-dead-end, 4 steps, as expected',
      '  VIOLATED can-free, 3 steps, as expected',
      '  complete, 9 states, 9 transitions, depth 5, 0.0 s, 1 deadlock',
      '',
      'next: mmucheck init, to check a change of your own; mmucheck list designs',
      'mmucheck: 3 violated, 5 hold, 0 inconclusive, 2 vacuous, 2 reached; all as expected',
    ])
  })

  it('prints the result as JSON, or the last line only', async () => {
    const { status, out } = await runSmall(['--json'], { catalogue: only('upstream') })
    const result = resultSchema.parse(JSON.parse(out.join('\n')))
    expect([status, result.checks.length]).toEqual([0, 1])
    const quiet = await runSmall(['--quiet', '--workers', '1'], { catalogue: only('upstream') })
    expect(quiet.out).toEqual([expect.stringMatching(/^mmucheck: .* all as expected$/)])
  })

  it('ends with 4 when its budget is used up, and says so', async () => {
    const runner: SearchRunner = {
      run: (request, signal, listener) =>
        new Promise((resolve) => {
          const settings = { ...request.settings, maxStates: 1 }
          signal.addEventListener('abort', () =>
            resolve(inThisThread.run({ ...request, settings }, signal, listener)),
          )
        }),
    }
    const { status, out } = await runSmall(['--budget', '0.05'], { catalogue: only('upstream'), runner })
    expect(status).toBe(4)
    expect(out).toContain('1 of 1 searches did not finish in 0.05 s (--budget)')
  })

  it('writes the evidence of the run where a folder is named', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'mmucheck-evidence-'))
    try {
      const { out } = await runSmall(['--evidence', folder], { catalogue: only('upstream') })
      expect(out).toContain(`evidence: ${join(folder, 'evidence.json')}`)
      const evidence = JSON.parse(readFileSync(join(folder, 'evidence.json'), 'utf8'))
      expect(evidence).toMatchObject({
        schema: 'mmucheck-evidence/1',
        modelHash: '0123456789abcdef',
        storage: 'exact',
        searches: [
          { scenario: 'zap', levels: 6, vacuous: ['never-asked'], bounds: { vcpus: 1, zappers: 1 } },
        ],
      })
    } finally {
      rmSync(folder, { recursive: true })
    }
  })

  it('fails where a violation could not be confirmed, expected or not', async () => {
    const files = counterexampleFiles(CHECKER, async () => 'no answer')
    const writer: CounterexampleWriter = {
      write: (cell, violated, options) => files.write(cell, violated, { ...options, out: '/dev/null/out' }),
    }
    const { status, out } = await runSmall([], { catalogue: only('upstream', 'request-first'), writer })
    expect([status, out.at(-1)]).toEqual([70, expect.stringMatching(/; all as expected$/)])
    expect(out).toContain('  VIOLATED root-dropped, 4 steps, as expected; NOT CONFIRMED: no answer')
  })

  it('shows the featured trace, and those that are not expected, where no file can be written', async () => {
    const files = counterexampleFiles(CHECKER, async () => null)
    const writer: CounterexampleWriter = {
      write: (cell, violated, options) => files.write(cell, violated, { ...options, out: '/dev/null/out' }),
    }
    const known = only('upstream', 'request-first')
    const surprised = { ...known, designs: known.designs.map((d) => ({ ...d, expect: [neverAsked] })) }
    const { status, out, err } = await runSmall([], { catalogue: surprised, writer })
    expect([status, err]).toEqual([
      1,
      [expect.stringMatching(/^mmucheck: warning: cannot write to .*; unexpected ones /)],
    ])
    expect(out.filter((line) => line.includes('<--- '))).toHaveLength(3)
    expect(out.at(-1)).toMatch(/^mmucheck: 3 violated, .*; 3 not expected$/)
    const expected = await runSmall([], { catalogue: { ...known, featured }, writer })
    expect([expected.status, expected.err.length]).toEqual([0, 1])
    expect(expected.out.filter((line) => line.includes('<--- '))).toHaveLength(1)
  })

  it('is what answers the questions, if there are any, and leaves deep scenarios out', async () => {
    const known = only('upstream', 'request-first', 'believed-wrong')
    const deep = { ...catalogue.scenarios[1], deep: true } as const
    const cell = { design: 'D1', scenario: 'S1', property: 'I-1' }
    const evidence = [cell, { ...cell, property: 'can-free' }, { ...cell, scenario: deep.id }]
    const mail = { id: 'seed-9', aliases: [], title: 'a mail', question: 'Which first?', answer: 'Mark.' }
    const asked = { ...known, scenarios: [...known.scenarios, deep], questions: [{ ...mail, evidence }] }
    const { status, out } = await runSmall([], { catalogue: asked })
    expect(status).toBe(0)
    expect(out.filter((line) => line.includes(', design '))).toEqual([
      'zap, design upstream (D0): 4 hold, 1 vacuous, 1 reached',
      'zap, design request-first (D1): 1 hold, 1 vacuous, 1 reached',
    ])
    expect(out.at(-3)).toBe('skipped unless named, because they take long: zap-and-tick')
    const explained = await runSmall(['explain', 'seed-9'], { catalogue: asked })
    expect(explained.out.slice(0, 4)).toEqual([
      'question seed-9',
      '  mail       a mail',
      '  asks       Which first?',
      '  answer     Mark.',
    ])
    expect(explained.out).toContainEqual(
      expect.stringMatching(/^ {2}evidence {3}request-first \(D1\) in zap violates root-dropped/),
    )
  })

  it('opens with the question, the failure as a diagram, and the proof', async () => {
    const shown = { ...only('upstream', 'request-first'), featured }
    const { status, out } = await runSmall([], { catalogue: shown })
    expect(status).toBe(0)
    expect(out[0]).toBe(featured.question)
    const diagram = out.findIndex((line) => line.includes('<--- BUG: root-dropped'))
    const proof = out.indexOf('zap (S1), design upstream (D0)')
    expect(diagram).toBeGreaterThan(5)
    expect(proof).toBeGreaterThan(diagram)
    expect(
      out.slice(proof).some((line) => /^ {2}complete, 6 states, 5 transitions, depth 5/.test(line)),
    ).toBe(true)
  })

  it('ends with 3 when a design that must fail does not', async () => {
    const { status, out } = await runSmall([], { catalogue: only('upstream', 'believed-wrong') })
    expect(status).toBe(3)
    expect(out).toContain('  holds root-dropped, NOT CAUGHT')
    expect(out.at(-1)).toBe(
      'mmucheck: 0 violated, 8 hold, 0 inconclusive, 2 vacuous, 2 reached; 1 not caught',
    )
  })

  it('ends with 1 when a property fails that must hold', async () => {
    const [, requestFirst] = catalogue.designs
    const [upstream] = only('upstream').designs
    const wrong = { ...only('upstream'), designs: [{ ...upstream, patches: requestFirst.patches }] }
    const runner = {
      run: ((request, ...rest) =>
        inThisThread.run({ ...request, design: 'request-first' }, ...rest)) as typeof inThisThread.run,
    }
    const { status, out } = await runSmall([], { catalogue: wrong, runner, writer: noWriter })
    expect(status).toBe(1)
    expect(out).toContain('  VIOLATED root-dropped, NOT EXPECTED')
    expect(out.at(-1)).toMatch(/; 3 not expected$/)
  })

  it('ends with 4 when nothing was judged where a property must hold', async () => {
    const known = only('upstream')
    const unsaid = { ...known, designs: known.designs.map((d) => ({ ...d, expect: [] })) }
    const { status, out } = await runSmall([], { catalogue: unsaid })
    expect(status).toBe(4)
    expect(out).toContain('  vacuous never-asked, NOT AS EXPECTED')
    expect(out.at(-1)).toMatch(/; 1 not as expected$/)
  })

  it('ends with 3 when a property holds that must have nothing to judge', async () => {
    const known = only('upstream')
    const expected = [neverAsked, { ...neverAsked, property: 'root-dropped' }]
    const designs = known.designs.map((d) => ({ ...d, expect: expected }))
    const { status, out } = await runSmall([], { catalogue: { ...known, designs } })
    expect(status).toBe(3)
    expect(out).toContain('  holds root-dropped, NOT AS EXPECTED')
  })

  it('ends with 1 for a fault that no scenario lists', async () => {
    const known = only('upstream', 'unmarks')
    const expected = [
      neverAsked,
      { ...neverAsked, property: 'marked-for-good', verdict: 'violated' as const },
    ]
    const designs = known.designs.map((d) => (d.id === 'unmarks' ? { ...d, expect: expected } : d))
    const { status, out } = await runSmall([], { catalogue: { ...known, designs }, writer: noWriter })
    expect(status).toBe(1)
    expect(out).toContain('  VIOLATED no-double-free, NOT EXPECTED')
  })

  it('ends with 4 when a search was cut short', async () => {
    const runner = {
      run: ((request, ...rest) =>
        inThisThread.run(
          { ...request, settings: { ...request.settings, maxStates: 2 } },
          ...rest,
        )) as typeof inThisThread.run,
    }
    const { status, out } = await runSmall([], { catalogue: only('upstream'), runner })
    expect(status).toBe(4)
    expect(out.join('\n')).toContain('INCOMPLETE: more than 2 states')
  })

  it('says nothing of a model that is wrong but what is wrong', async () => {
    const { status, out, err } = await runSmall([], { catalogue: only('upstream', 'misspelt') })
    expect(status).toBe(2)
    expect(out).toEqual([])
    expect(err).toEqual(['mmucheck: the model is wrong: patch "drop Z.99": no program has a step "Z.99"'])
  })
})

const noWriter = { write: async () => new Map() }
