import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { inThisThread, type Ran, runSmall } from './testing/run-small.ts'
import { catalogue } from './testing/small-catalogue.ts'

/** What is checked when the user does not say where, and what is refused because it would not be. */

let folder: string
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'mmucheck-'))
})
afterAll(() => rmSync(folder, { recursive: true, force: true }))

const deep = catalogue.scenarios.map((s) => (s.id === 'zap-and-tick' ? { ...s, deep: true as const } : s))
const small = deep.filter(({ id }) => ['zap', 'zap-and-tick', 'waits'].includes(id))

const check = (...args: string[]): Promise<Ran> =>
  runSmall(['check', '--out', folder, ...args], {
    catalogue: { ...catalogue, scenarios: small },
    runner: inThisThread,
  })
const headings = ({ out }: Ran): string[] => out.filter((line) => line.includes(', design '))

describe('check without a scenario', () => {
  it('takes of upstream all that are not deep, and says what it left out', async () => {
    const ran = await check()
    expect(headings(ran)).toEqual(['zap (S1), design upstream (D0)', 'waits, design upstream (D0)'])
    expect(ran.out.slice(-2)).toEqual([
      'left out, to be checked by name: zap-and-tick',
      expect.stringMatching(/^mmucheck: /),
    ])
    expect((await check('--quiet')).out).toHaveLength(1)
  })

  it('takes a deep one that is named', async () => {
    const ran = await check('zap-and-tick')
    expect(headings(ran)).toEqual(['zap-and-tick, design upstream (D0)'])
    expect(ran.out.join()).not.toContain('left out')
  })

  it('takes of the scenarios that a design file fits those that are not deep, unless it names them', async () => {
    const patches = [{ op: 'move', name: 'Z.2', before: 'Z.1' }]
    const design = (scenarios?: string[]): string => {
      const path = join(folder, 'mine.json')
      writeFileSync(path, JSON.stringify({ id: 'mine', title: 'mine', patches, scenarios }))
      return path
    }
    const property = ['--property', 'root-dropped']
    expect(headings(await check('--design', design(), ...property))).toEqual(['zap (S1), design mine'])
    const named = await check('--design', design(['zap-and-tick']), ...property)
    expect(headings(named)).toEqual(['zap-and-tick, design mine'])
  })
})

describe('what is named and would not be searched is refused', () => {
  it('a scenario that checks none of the properties asked for', async () => {
    const { status, out, err } = await check('zap', 'waits', '--property', 'root-dropped')
    expect([status, out]).toEqual([2, []])
    expect(err[0]).toBe(
      'mmucheck: nothing is asked for in waits with design upstream; leave it out, or choose other properties',
    )
  })

  it('a design whose scenarios check none of them', async () => {
    const designs = ['--design', 'D1', '--design', 'waits-only']
    const other = { ...catalogue.designs[0], id: 'waits-only', aliases: [], scenarios: ['waits'] }
    const { status, out, err } = await runSmall(
      ['check', '--out', folder, ...designs, '--property', 'root-dropped'],
      { catalogue: { ...catalogue, designs: [...catalogue.designs, other] } },
    )
    expect([status, out]).toEqual([2, []])
    expect(err[0]).toMatch(/^mmucheck: nothing is asked for with design waits-only; leave it out/)
  })
})

it('check needs nothing that Node 20.0 lacks', async () => {
  const { any } = AbortSignal
  try {
    Reflect.deleteProperty(AbortSignal, 'any')
    expect((await check('zap', '--property', 'root-dropped')).status).toBe(0)
  } finally {
    AbortSignal.any = any
  }
})
