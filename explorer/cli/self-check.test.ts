import { mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { PartialOrderExpander } from '../reduce/partial-order/partial-order-expander.ts'
import { Symmetry } from '../reduce/symmetry/symmetry.ts'
import { resultSchema } from './report/result-json.ts'
import { runSmall } from './testing/run-small.ts'

let folder: string
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'mmucheck-'))
})
afterEach(() => {
  vi.restoreAllMocks()
  rmSync(folder, { recursive: true, force: true })
})

const check = (...args: string[]) => runSmall(['check', '--out', folder, '--self-check', ...args])

async function report(...args: string[]) {
  const { out } = await check(...args, '--json')
  return resultSchema.parse(JSON.parse(out.join('\n'))).checks[0]
}

describe('--self-check', () => {
  it('says how large the full search is that agrees', async () => {
    const { states, selfCheck, complete } = await report('alike')
    expect({ states, complete }).toEqual({ states: 28, complete: true })
    expect(selfCheck).toMatchObject({ states: 729 })
    expect((await check('alike')).out.join('\n')).toMatch(/self-check: the full search agrees \(729 states, /)
    for (const design of ['upstream', 'D1']) {
      const por = await report('zap', '--design', design, '--reduce', 'por')
      expect(por.selfCheck?.states).toBeGreaterThanOrEqual(por.states)
    }
  })

  it('has nothing to compare where nothing was left out, or where it was not asked for', async () => {
    const { states, transitions, selfCheck, reduction } = await report('zap')
    expect(reduction).toBe('none')
    expect(selfCheck).toEqual({ states, transitions, seconds: 0 })
    expect((await check('zap')).out.join('\n')).toContain('self-check: the search was not reduced')
    const { out } = await runSmall(['check', 'alike', '--out', folder, '--json'])
    expect(resultSchema.parse(JSON.parse(out.join('\n'))).checks[0].selfCheck).toBeNull()
  })

  it('is inconclusive when the full search does not finish', async () => {
    const question = ['zap', '--property', 'can-free', '--reduce', 'por']
    const { states, selfCheck } = await report(...question)
    const bound = (selfCheck?.states ?? 0) - 1
    expect(states).toBeLessThanOrEqual(bound)
    const { status, out } = await check(...question, '--max-states', String(bound))
    expect(status).toBe(4)
    const text = out.join(' ').replace(/\s+/g, ' ')
    expect(text).toContain(`INCOMPLETE: self-check: more than ${bound} states (--max-states)`)
    expect(text).toContain('self-check: the full search does not differ so far (')
  })

  it('is an internal error when partial order loses a violation, and no counterexample is left', async () => {
    // As if nothing could happen.
    vi.spyOn(PartialOrderExpander.prototype, 'expand').mockImplementation((_, end) => end)
    const { status, out, err } = await check('zap', '--design', 'D1', '--reduce', 'por')
    expect(status).toBe(70)
    expect(out).toEqual([])
    expect(err.join(' ')).toMatch(
      /^mmucheck: internal error: zap: the reduced search differs from the full one: .*root-dropped: vacuous in the reduced search, violated in the full one/,
    )
    expect(readdirSync(folder)).toEqual([])
  })

  it('is an internal error when symmetry miscounts the states it stands for', async () => {
    const { report: honest } = Symmetry.prototype
    vi.spyOn(Symmetry.prototype, 'report').mockImplementation(function (this: Symmetry) {
      const found = honest.call(this)
      return { ...found, represented: found.represented - 1 }
    })
    const { status, err } = await check('alike')
    expect(status).toBe(70)
    expect(err.join(' ')).toContain(
      'states, with all names distinguished: 728 in the reduced search, 729 in the full one',
    )
  })
})
