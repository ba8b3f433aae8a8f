import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { runSmall } from '../testing/run-small.ts'
import { resultSchema } from './result-json.ts'

let folder: string
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'mmucheck-'))
})
afterAll(() => rmSync(folder, { recursive: true, force: true }))

const check = (...args: string[]) => runSmall(['check', '--out', folder, ...args])

describe('what check says of a search', () => {
  it('judges liveness, shows the loop and why it is fair, and keeps both in the file', async () => {
    const { status, out } = await check('waits')
    expect(status).toBe(1)
    const at = out.findIndex((line) => line.includes('repeats from step'))
    expect(out[at]).toMatch(/^ {4}\d+ steps?, \d context switch(es)?, repeats from step \d+: /)
    expect(out[at + 1]).toMatch(/^ {4}the loop is fair: weak fairness of zapper: /)
    const file = out[at].split(' ').at(-1) ?? ''
    const kept = JSON.parse(readFileSync(file, 'utf8'))
    expect(kept.loopStart).toBeGreaterThan(0)
    expect(kept.fairness[0].constraint).toBe('weak fairness of zapper')
    expect((await runSmall(['replay', file])).status).toBe(0)
    const shown = await runSmall(['show', file])
    expect([shown.status, shown.out.join('\n')]).toEqual([0, expect.stringContaining('frees-in-the-end')])
    const { out: json } = await check('waits', '--json')
    const [{ properties }] = resultSchema.parse(JSON.parse(json.join('\n'))).checks
    expect(properties[0].fairness?.[0].constraint).toBe('weak fairness of zapper')
    expect(properties[0].counterexample).toMatchObject({ loopStart: kept.loopStart, shortest: false })
  })

  it('says what was reduced and by how much, and what was not and why', async () => {
    const reduced = await check('alike', '--reduce', 'symmetry', '--json')
    const [symmetric] = resultSchema.parse(JSON.parse(reduced.out.join('\n'))).checks
    expect(symmetric).toMatchObject({ states: 28, reduction: 'symmetry', notApplied: [] })
    expect(symmetric.reductionFactor).toBeCloseTo(729 / 28)
    const alike = (await check('alike')).out.join(' ').replace(/\s+/g, ' ')
    expect(alike).toContain('reduced by symmetry (26.0 times fewer states)')
    const text = (await check('zap', '--reduce', 'all')).out.join(' ').replace(/\s+/g, ' ')
    expect(text).toContain('not applied: symmetry: zap declares no sort of several interchangeable ids')
    expect(text).toContain('not applied: por: not needed, and without it traces are shortest')
    const por = await check('zap', '--design', 'D1', '--property', 'I-1', '--reduce', 'por')
    expect(por.out.join(' ')).toContain('reduced by partial order')
    expect(por.out[2]).toContain('4 steps (may not be the fewest), ')
  })

  it('takes a false claim of symmetry for what it is', async () => {
    const { status, out } = await check('lopsided', '--json')
    expect(status).toBe(1)
    const [{ reduction, notApplied, states }] = resultSchema.parse(JSON.parse(out.join('\n'))).checks
    expect([states, reduction]).toEqual([486, 'none'])
    expect(notApplied.join()).toContain('treats ids 0 and 1 of sort counter differently')
  })

  it('says what a sample covered', async () => {
    const walks = await check('zap', '--search', 'priorities', '--walks', '7', '--bug-depth', '2')
    const text = walks.out.join(' ').replace(/\s+/g, ' ')
    expect(text).toContain('coverage: 7 walks by random priorities of at most 1000 steps (seed 1)')
    expect(text).toContain('INCOMPLETE by design, ')
    const { out } = await check('zap', '--search', 'preemptions', '--preemptions', '1', '--json')
    const [{ coverage }] = resultSchema.parse(JSON.parse(out.join('\n'))).checks
    expect(coverage).toMatchObject({ method: 'preemptions', walks: null, preemptions: 1 })
  })

  it.each(['64', '96', '128'])(
    'says how likely a loss is with %s bits, predicted and measured',
    async (bits) => {
      const { out } = await check('counts', '--property', 'half-way', '--fingerprint-bits', bits, '--json')
      const [{ collisionProbability, collisionMeasured, states }] = resultSchema.parse(
        JSON.parse(out.join('\n')),
      ).checks
      expect(collisionProbability / (states ** 2 / 2 ** (Number(bits) + 1))).toBeCloseTo(1)
      expect((collisionMeasured ?? 0) / collisionProbability).toBeGreaterThan(0.1)
      expect((collisionMeasured ?? 0) / collisionProbability).toBeLessThan(10)
    },
  )
})
