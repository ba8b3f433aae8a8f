import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { Cost } from '../../../model/language/cost.ts'
import { type DiffJson, diffSchema } from '../diff/diff-json.ts'
import { EXIT } from '../exit-status.ts'
import { CHECKER, type Ran, runOn, runSmall } from '../testing/run-small.ts'

let folder: string
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'mmucheck-diff-'))
})
afterAll(() => rmSync(folder, { recursive: true, force: true }))

const diff = (...args: string[]): Promise<Ran> => runSmall(['diff', ...args])
const jsonOf = ({ out }: Ran): DiffJson => diffSchema.parse(JSON.parse(out.join('\n')))

describe('mmucheck diff', () => {
  it('puts verdicts side by side, and shows what only one design does', async () => {
    const ran = await diff('upstream', 'request-first')
    const text = ran.out.join('\n')
    expect(text).toMatch(/^ {2}root-dropped +holds +VIOLATED, 4 steps +INTRODUCED$/m)
    expect(text).toMatch(/^ {2}states +\d+ +\d+$/m)
    expect(text).toContain('Only B does this, in 1 step, the fewest:')
    expect(text).toContain('zapper can only take Z.1 there, not Z.2')
    expect(ran.out.at(-1)).toMatch(/^mmucheck: 3 violations introduced, 0 removed, /)
    expect(ran.status).toBe(EXIT.violated)
  })

  it('is the other way round with the designs exchanged: violations that go are no failure', async () => {
    const ran = await diff('request-first', 'upstream')
    expect(ran.out.join('\n')).toMatch(/root-dropped +VIOLATED, 4 steps +holds +removed/)
    expect(ran.out.at(-1)).toMatch(/^mmucheck: 0 violations introduced, 3 removed, /)
    expect(ran.status).toBe(EXIT.holds)
  })

  it('finds nothing between a design and itself', async () => {
    const ran = await diff('upstream', 'believed-wrong')
    expect(ran.out.join('\n')).toContain('B does nothing that A cannot do.')
    expect(ran.out.at(-1)).toMatch(/^mmucheck: 0 violations introduced, 0 removed, \d+ verdicts the same$/)
    expect(ran.status).toBe(EXIT.holds)
  })

  it('names the steps that only one has, and passes over them', async () => {
    const { out } = await diff('upstream', 'unmarks')
    expect(out.join('\n')).toContain('only B has zapper.Z.4, zapper.Z.5')
    // An oops is a difference in any step.
    expect(out.join('\n')).toMatch(/the root is freed\s+twice/)
  })

  it('prints JSON', async () => {
    const { scenarios, ...about } = jsonOf(await diff('upstream', 'request-first', '--json'))
    expect(about).toEqual({
      schema: 'mmucheck-diff/1',
      version: '0.0.0',
      modelHash: '0123456789abcdef',
      a: 'upstream',
      b: 'request-first',
      goal: null,
      exitStatus: 1,
      onlyA: [],
      onlyB: [],
    })
    const [zap] = scenarios
    expect(zap.properties.find(({ id }) => id === 'root-dropped')).toMatchObject({
      change: 'introduced',
      a: { verdict: 'holds' },
      b: { verdict: 'violated', length: 4 },
    })
    expect(zap.b.ownBehaviour).toEqual({
      kind: 'found',
      initial: 0,
      steps: [{ thread: 'zapper', step: 'Z.2' }],
      fault: false,
      instead: ['Z.1'],
      waitsAt: ['Z.1'],
      shortest: true,
    })
  })

  it('says how much the cheapest and the dearest way cost, and where that has no bound', async () => {
    const cost = (id: string, path: string): Cost => ({
      id,
      title: id,
      counts: (taken) => taken.path === path,
    })
    const costs = [cost('requests', 'Z.2'), cost('checks', 'V.1'), cost('ticks', 'T.1')]
    const counted = { ...CHECKER.catalogue, costs }
    const { scenarios } = jsonOf(
      await runOn(counted, [
        'diff',
        'upstream',
        'request-first',
        'zap-and-tick',
        '--goal',
        'freed-seen',
        '--json',
      ]),
    )
    const once = { least: 1, most: 1, repeated: null }
    expect(scenarios[0].a.costs).toEqual([
      { id: 'requests', ...once },
      { id: 'checks', ...once },
      { id: 'ticks', least: 0, most: null, repeated: 'ticker.T.1' },
    ])
    // Without a mark the vCPU keeps the root, and nothing is freed; the other order gets there, too.
    expect(scenarios[0].b.costs).toEqual(scenarios[0].a.costs)
    const text = await runOn(counted, ['diff', 'upstream', 'request-first', 'zap', '--goal', 'freed-seen'])
    expect(text.out.join('\n')).toMatch(/^ {2}requests +1 +1$/m)
    expect(text.out.join('\n')).toMatch(/^ {2}ticks +0 +0$/m)
  })

  it('decides nothing where a limit was reached', async () => {
    const ran = await diff('upstream', 'upstream', 'zap', '--max-states', '2')
    const text = ran.out.join('\n')
    expect(text).toContain('Not decided: whether A does something that B cannot do')
    expect(text).toContain('Costs are not decided')
    expect(text).toMatch(/1 scenario not decided$/)
    expect(ran.status).toBe(EXIT.inconclusive)
    const allowed = await diff('upstream', 'upstream', 'zap', '--max-states', '2', '--allow-incomplete')
    expect(allowed.status).toBe(EXIT.holds)
  })

  it('ends with 2 for a wrong model, with what the other side found', async () => {
    const ran = await diff('upstream', 'misspelt')
    expect(ran.out.join('\n')).toMatch(/B: MODEL ERROR: .*Z\.99/)
    expect(ran.status).toBe(EXIT.usage)
  })

  it('takes a design that is code', async () => {
    const path = join(folder, 'later.ts')
    writeFileSync(
      path,
      `import { move } from 'mmucheck/language'
export default { id: 'later', title: 'marks later', scenarios: ['zap'], patches: [move('Z.1', { after: 'Z.2' })] }
`,
    )
    const ran = await diff('upstream', path, '--json')
    expect([ran.status, ran.err]).toEqual([EXIT.violated, []])
    expect(jsonOf(ran).scenarios[0].b).toMatchObject({ design: 'later', ownBehaviour: { kind: 'found' } })
  })

  it('compares the results of two runs', async () => {
    const [before, after] = ['before', 'after'].map((name) => join(folder, `${name}.json`))
    const out = join(folder, 'out')
    await runSmall(['check', 'zap', '--json', before, '--out', out])
    await runSmall(['check', 'zap', 'waits', '--design', 'request-first', '--json', after, '--out', out])
    const ran = await diff(before, after)
    expect(ran.out.join('\n')).toMatch(/root-dropped +holds +VIOLATED, 4 steps +INTRODUCED/)
    expect(ran.out).toContain('only in B: request-first in waits')
    expect(ran.status).toBe(EXIT.violated)
    // What only one of them has searched is not decided.
    const back = await diff(after, before)
    expect(back.status).toBe(EXIT.inconclusive)
    expect(jsonOf(await diff(after, before, 'zap', '--json'))).toMatchObject({
      exitStatus: 0,
      onlyA: [],
      scenarios: [{ scenario: 'zap', a: { ownBehaviour: null, costs: null } }],
    })
  })

  it('refuses what it cannot compare', async () => {
    const refused = async (why: RegExp, ...args: string[]): Promise<void> => {
      const { status, out, err } = await diff(...args)
      expect([args, status, out]).toEqual([args, EXIT.usage, []])
      expect(err[0]).toMatch(why)
    }
    const result = join(folder, 'result.json')
    await runSmall(['check', 'zap', '--json', result, '--out', join(folder, 'out')])
    const broken = join(folder, 'broken.json')
    writeFileSync(broken, '{ "schema": "mmucheck-result/1" }')
    await refused(/diff takes two designs, kernels or result files/, 'upstream')
    await refused(/no design is called "R99"/, 'upstream', 'R99')
    await refused(/no scenario is called "nowhere"/, 'upstream', 'request-first', 'nowhere')
    await refused(/a result file can be compared with another result file only/, 'upstream', result)
    await refused(/broken\.json: version/, broken, result)
    await refused(/no search of these scenarios in common/, result, result, 'waits')
    await refused(
      /--goal root-dropped: it has no goal/,
      'upstream',
      'request-first',
      '--goal',
      'root-dropped',
    )
  })
})
