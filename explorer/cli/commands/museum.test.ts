import { existsSync, mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, describe, expect, it } from 'vitest'
import { runOn, runSmall } from '../testing/run-small.ts'
import { catalogue } from '../testing/small-catalogue.ts'

const folder = mkdtempSync(join(tmpdir(), 'mmucheck-museum-'))
const museum = (...args: string[]) => runSmall(['museum', '--out', folder, ...args])
afterEach(() => rmSync(folder, { recursive: true, force: true }))

/** The small catalogue with another design of the status bug. */
const withBug = (changes: object) => ({
  ...catalogue,
  designs: catalogue.designs.map((d) => (d.id === 'request-first' ? { ...d, ...changes } : d)),
})

describe('museum', () => {
  it('finds each bug by the first property that it is expected to violate, and keeps the counterexample', async () => {
    const { status, out } = await museum()
    expect(status).toBe(0)
    expect(out.slice(0, 2)).toEqual([
      expect.stringMatching(/^ +\d+ steps {2}request-first \(D1\): 0123456789ab, v1\.0$/),
      '           root-dropped in zap',
    ])
    expect(out.at(-1)).toMatch(/^mmucheck: found 1 of 1, median \d+ steps, in \d+\.\d s$/)
    expect(readdirSync(folder).some((name) => name.endsWith('.json'))).toBe(true)
  })

  it('prints only the last line with --quiet, and an object with --json', async () => {
    expect((await museum('--quiet')).out).toHaveLength(1)
    const { out } = await museum('--json')
    expect(JSON.parse(out.join('\n'))).toMatchObject({
      bugs: 1,
      found: 1,
      designs: [{ design: 'request-first', scenario: 'zap', property: 'root-dropped', verdict: 'violated' }],
    })
  })

  it('fails (3) if one is not found', async () => {
    const other = withBug({ patches: [] })
    const { status, out } = await runOn(other, ['museum', '--out', folder])
    expect(status).toBe(3)
    expect(out[0]).toMatch(/^NOT FOUND {2}request-first/)
    expect(out.at(-1)).toMatch(/^mmucheck: found 0 of 1, in /)
    expect(existsSync(folder) ? readdirSync(folder) : []).toEqual([])
  })

  it('refuses (2) a catalogue without bugs', async () => {
    const { status, err } = await runOn(withBug({ status: 'control' }), ['museum'])
    expect([status, err[0]]).toEqual([2, 'mmucheck: no design has the status bug here'])
  })
})
