import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { runSmall } from '../testing/run-small.ts'

let folder: string
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'mmucheck-evidence-'))
})
afterEach(() => rmSync(folder, { recursive: true }))

const check = async (...args: string[]) => {
  const { status, out } = await runSmall([
    'check',
    ...args,
    '--evidence',
    folder,
    '--out',
    join(folder, 'out'),
  ])
  const text = readFileSync(join(folder, 'checked.txt'), 'utf8')
  return { status, out, text, data: JSON.parse(readFileSync(join(folder, 'evidence.json'), 'utf8')) }
}

describe('the evidence of a check', () => {
  it('has what a reader needs to judge it', async () => {
    const { data, out } = await check('zap', '--self-check')
    expect(out).toContain(`for a mail: ${join(folder, 'checked.txt')}`)
    expect(data).toMatchObject({
      schema: 'mmucheck-evidence/1',
      version: '0.0.0',
      node: process.version,
      storage: 'exact',
      searches: [
        {
          scenario: 'zap',
          design: 'upstream',
          complete: true,
          levels: 6,
          omissionProbability: { bound: 0, measured: null },
          witnesses: [{ id: 'freed-seen', verdict: 'reached', steps: 5 }],
          vacuous: ['never-asked'],
        },
      ],
    })
    const [{ coverage, selfCheck }] = data.searches
    expect(coverage.taken + coverage.neverTaken.length).toBe(coverage.steps)
    expect(selfCheck).toEqual(data.result.checks[0].selfCheck)
  })

  it('fits a mail, and says what was not checked', async () => {
    const { text } = await check('zap')
    for (const line of text.split('\n')) expect(line.length).toBeLessThanOrEqual(75)
    expect(text.replace(/\s+/g, ' ')).toContain(
      'zap (S1) with upstream (D0) (vcpus 1, zappers 1), every reachable state: 6 states, 5 transitions; hold: root-dropped, no-dead-end, can-free, marked-for-good, no-double-free.',
    )
    const [, not] = text.split('Not checked:')
    expect(not).toContain('never-asked: nothing to judge')
  })

  it('never takes a part for the whole', async () => {
    const { text, data } = await check(
      'zap',
      '--max-states',
      '3',
      '--storage',
      'fingerprint',
      '--reduce',
      'none',
    )
    expect(text.replace(/\s+/g, ' ')).toContain('NOT every reachable state')
    expect(text).not.toMatch(/^ *hold:/m)
    expect(text.replace(/\s+/g, ' ')).toContain('the search ended early: more than 3 states')
    expect(data.storage).toBe('64-bit fingerprints')
    expect(data.searches[0].complete).toBe(false)
  })

  it('names violations by their counterexamples', async () => {
    const { status, text } = await check('zap', '--design', 'request-first', '--property', 'root-dropped')
    expect(status).toBe(1)
    expect(text.replace(/\s+/g, ' ')).toMatch(/violated: root-dropped \(ce-[0-9a-f]{8}\), /)
  })

  it('has the mutation score where there is one, and says so where there is none', async () => {
    const { text, data } = await check('zap')
    expect(data.mutation).toBeNull()
    expect(text.split('Not checked:')[1]).toMatch(/mutation\s+score/)
    const file = join(folder, 'mutation.json')
    const { out } = await runSmall(['mutate', 'zap', '--json'])
    writeFileSync(file, out.join('\n'))
    const scored = await check('zap', '--mutation', file)
    expect(scored.data.mutation).toMatchObject({
      mutator: 'drop',
      score: { noticed: 4, of: 4 },
      notDecided: 0,
      isOfThisModel: true,
    })
    const [was] = scored.text.split('Not checked:')
    expect(was.replace(/\s+/g, ' ')).toContain('4 of 4 changes of the kind "drop" noticed, 0 not decided')
    writeFileSync(file, out.join('\n').replace('0123456789abcdef', 'fedcba9876543210'))
    const other = await check('zap', '--mutation', file)
    expect(other.text).toMatch(/of another model\s+\(fedcba9876543210\)/)
    expect(other.data.mutation.isOfThisModel).toBe(false)
    writeFileSync(file, '{}')
    const wrong = await runSmall(['check', 'zap', '--evidence', folder, '--mutation', file])
    expect([wrong.status, wrong.err[0]]).toEqual([
      2,
      expect.stringContaining('is not the result of "mutate --json"'),
    ])
    expect((await runSmall(['check', 'zap', '--mutation', file])).status).toBe(2)
  })
})
