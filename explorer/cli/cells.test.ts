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
      'skipped unless named, because they take long: zap-and-tick',
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
  it('a design whose scenarios check none of them', async () => {
    const designs = ['--design', 'D1', '--design', 'waits-only']
    const other = { ...catalogue.designs[0], id: 'waits-only', aliases: [], scenarios: ['waits'] }
    const { status, out, err } = await runSmall(
      ['check', '--out', folder, ...designs, '--property', 'root-dropped'],
      { catalogue: { ...catalogue, designs: [...catalogue.designs, other] } },
    )
    expect([status, out]).toEqual([2, []])
    expect(err[0]).toMatch(
      /^mmucheck: no property is requested that can be checked with design waits-only; leave it out/,
    )
  })
})

describe('--property takes any property on a scenario that is named', () => {
  it('and judges it where what it reads exists', async () => {
    const { status, out } = await check('waits', '--property', 'marked-for-good')
    expect(status).toBe(0)
    expect(out[1]).toMatch(/^ {2}marked-for-good {2}holds/)
  })

  it('or says that nothing of this is modelled, which is vacuous: 4 unless that is allowed', async () => {
    // There is no vCPU, which shows only in the state in which the property looks at it.
    const { status, out } = await check(
      'waits',
      '--property',
      'root-dropped',
      '--property',
      'marked-for-good',
    )
    expect(status).toBe(4)
    expect(out.slice(1, 3)).toEqual(['  root-dropped     vacuous', '    Nothing of this is modelled here.'])
    expect(out.at(-1)).toBe('mmucheck: 0 violated, 1 hold, 0 inconclusive, 1 vacuous')
    expect((await check('waits', '--property', 'root-dropped', '--allow-vacuous')).status).toBe(0)
  })

  it('says so too where the scenario lacks what the property is judged for', async () => {
    const [never] = catalogue.properties.filter(({ id }) => id === 'never-asked')
    const properties = catalogue.properties.map((p) => (p === never ? { ...p, judgedWhere: () => true } : p))
    const reason = async (contains: boolean) => {
      const scenario = { ...small[2], contains: () => contains }
      const { status, out, err } = await runSmall(
        ['check', 'waits', '--out', folder, '--property', 'never-asked'],
        { catalogue: { ...catalogue, scenarios: [scenario], properties }, runner: inThisThread },
      )
      expect([status, out[1], err]).toEqual([4, '  never-asked  vacuous', []])
      return out[2]
    }
    expect(await reason(false)).toBe('    Nothing of this is modelled here.')
    expect(await reason(true)).toMatch(/^ {4}Its antecedent is true/)
  })

  it('but a scenario that lists what it does not have is wrong', async () => {
    const listing = { ...small[2], properties: ['root-dropped'] }
    expect(listing.id).toBe('waits')
    const { status } = await runSmall(['check', 'waits', '--out', folder], {
      catalogue: { ...catalogue, scenarios: [listing] },
      runner: inThisThread,
    })
    expect(status).toBe(2)
  })
})

describe('what the contents of a scenario call for', () => {
  const properties = catalogue.properties.map((p) =>
    ['marked-for-good', 'never-asked'].includes(p.id) ? { ...p, judgedWhere: () => true } : p,
  )
  const containing = (more: object) => ({
    ...small[0],
    properties: ['root-dropped'],
    contains: () => true,
    ...more,
  })
  const checkOf = (more: object, ...args: string[]): Promise<Ran> =>
    runSmall(['check', '--out', folder, 'zap', ...args], {
      catalogue: { ...catalogue, properties, scenarios: [containing(more)] },
      runner: inThisThread,
    })
  const verdicts = async (more: object, ...args: string[]): Promise<[string, boolean, string][]> => {
    const { out } = await checkOf(more, '--json', ...args)
    const [check] = JSON.parse(out.join('\n')).checks
    return check.properties.map((p: { id: string; asked: boolean; verdict: string }) => [
      p.id,
      p.asked,
      p.verdict,
    ])
  }

  it('is judged though it is not listed, and costs nothing where there is nothing to judge', async () => {
    expect(await verdicts({})).toEqual([
      ['root-dropped', true, 'holds'],
      ['no-dead-end', false, 'holds'],
      ['never-asked', false, 'not-applicable'],
      ['marked-for-good', false, 'holds'],
      ['no-double-free', false, 'holds'],
    ])
    expect((await checkOf({})).status).toBe(0)
    expect((await verdicts({ contains: () => false })).map(([id]) => id)).not.toContain('marked-for-good')
  })

  it('is reported, and ends with 1, where it is violated', async () => {
    const { status, out } = await checkOf({}, '--design', 'unmarks')
    expect(status).toBe(1)
    expect(out.join('\n')).toMatch(/not asked for:\n.*marked-for-good {2}VIOLATED/)
  })

  it('is not judged where properties are named, or where the scenario leaves it out and says why', async () => {
    const named = await verdicts({}, '--property', 'root-dropped')
    expect(named.map(([id]) => id)).toEqual(['root-dropped', 'no-dead-end', 'no-double-free'])
    const why = { leavesOut: { 'marked-for-good': 'the mark is taken back on purpose' } }
    expect((await verdicts(why)).map(([id]) => id)).not.toContain('marked-for-good')
    const { out } = await checkOf(why)
    expect(out).toContain('  not judged: marked-for-good: the mark is taken back on purpose')
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
