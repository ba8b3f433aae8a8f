import { describe, expect, it } from 'vitest'
import type { Expectation } from '../../../model/designs/design.ts'
import { runSmall } from '../testing/run-small.ts'
import { catalogue } from '../testing/small-catalogue.ts'

interface Named {
  readonly id: string
  readonly status: string
}

const json = async (...args: string[]) => JSON.parse((await runSmall(args)).out.join('\n'))

describe('list', () => {
  it('gives each thing a line with its names and its sentence', async () => {
    const { status, out } = await runSmall(['list', 'designs'])
    expect(status).toBe(0)
    expect(out.slice(0, 3)).toEqual([
      'upstream (D0) [upstream]: mark, then request',
      'request-first (D1) [bug]: request, then mark',
      'believed-wrong [candidate]: nothing changes, yet it is said to fail',
    ])
  })

  it('keeps the designs of one status', async () => {
    const { status, out } = await runSmall(['list', 'designs', '--status', 'bug'])
    expect([status, out]).toEqual([0, ['request-first (D1) [bug]: request, then mark']])
    const candidates: Named[] = await json('list', 'designs', '--status', 'candidate', '--json')
    expect(candidates.map(({ id }) => id)).toContain('believed-wrong')
    expect(new Set(candidates.map(({ status: of }) => of))).toEqual(new Set(['candidate']))
  })

  it.each([
    [['list', 'designs', '--status', 'bgu'], /^mmucheck: --status: must be .*bug.*not "bgu"$/],
    [
      ['list', 'scenarios', '--status', 'bug'],
      /--status is for designs: mmucheck list designs --status bug$/,
    ],
    [['list', '--status', 'bug'], /--status is for designs/],
  ])('refuses %j', async (args, why) => {
    const { status, err } = await runSmall(args)
    expect(status).toBe(2)
    expect(err[0]).toMatch(why)
  })

  it('lists everything without an argument', async () => {
    const { out } = await runSmall(['list'])
    expect(out.filter((line) => /^\w+$/.test(line))).toEqual([
      'scenarios',
      'designs',
      'properties',
      'machines',
    ])
  })

  it('gives designs as the contract says', async () => {
    const designs = await json('list', 'designs', '--json')
    expect(designs[1]).toEqual({
      id: 'request-first',
      aliases: ['D1'],
      title: 'request, then mark',
      status: 'bug',
      kernel: { commit: '0123456789ab', version: 'v1.0', function: 'zap' },
      about: '',
      scenarios: ['zap'],
      expect: [
        { scenario: 'zap', property: 'root-dropped', verdict: 'violated' },
        { scenario: 'zap', property: 'can-free', verdict: 'violated' },
      ],
    })
  })

  it('gives the other lists with id, aliases, title and what belongs to them', async () => {
    const all = await json('list', '--json')
    expect(Object.keys(all)).toEqual(['scenarios', 'designs', 'properties', 'machines'])
    for (const list of Object.values<object[]>(all)) {
      for (const item of list) {
        expect(item).toMatchObject({
          id: expect.any(String),
          aliases: expect.any(Array),
          title: expect.any(String),
        })
      }
    }
    expect(all.scenarios[0]).toMatchObject({ bounds: { vcpus: 1, zappers: 1 } })
    expect(all.properties[0]).toMatchObject({ kind: 'invariant', reference: null })
    expect(all.machines[0]).toMatchObject({
      id: 'zapper',
      steps: ['Z.1', 'Z.2', 'Z.3'],
      scenarios: ['zap', 'zap-and-tick', 'waits'],
    })
  })

  it('knows its kinds', async () => {
    const { status, err } = await runSmall(['list', 'desings'])
    expect([status, err[0]]).toEqual([2, 'mmucheck: no list is called "desings"; did you mean designs?'])
    const { err: other } = await runSmall(['list', 'D1'])
    expect(other[0]).toBe('mmucheck: no list is called "D1"; to read about it: mmucheck explain D1')
  })
})

describe('explain', () => {
  const explain = async (name: string) => (await runSmall(['explain', name])).out.join('\n')

  it('says what a property means and what breaks it', async () => {
    expect(await explain('i-1')).toBe(
      [
        'property root-dropped (I-1)',
        '  says       A root that was zapped is not held once its request was serviced.',
        '  kind       invariant: must be true in every reachable state',
        '  if not     The guest runs on a zapped root.',
        '  checked    zap, zap-and-tick, endless',
        '  broken by  request-first (D1), believed-wrong',
      ].join('\n'),
    )
  })

  it('says what a design changes, where it is from and what is expected', async () => {
    const text = await explain('D1')
    expect(text).toContain('kernel     commit 0123456789ab, v1.0, zap()')
    expect(text).toContain('patches    move Z.2 before Z.1')
    expect(text).toContain('status     bug: was in a kernel, and is wrong')
    expect(text).toContain('expected   in zap, violated: root-dropped, can-free')
  })

  it('says what a scenario, a machine and a step are', async () => {
    expect(await explain('zap')).toContain('threads    zapper, vcpu')
    const step = await explain('Z.3')
    expect(step).toContain('step zapper.Z.3')
    expect(step).toContain('function   free()')
    expect(step).toContain('waits      until its guard is true')
    expect(step).toContain('then       done')
  })

  it('lists the steps of a machine below their functions, with their statements', async () => {
    expect(await explain('vcpu')).toBe(
      [
        'machine vcpu',
        '  is         services requests',
        '  runs in    zap, zap-and-tick',
        '  steps      check()',
        '               V.1: kvm_check_request()',
        '             drop()',
        '               V.2: drop the root if it is marked',
      ].join('\n'),
    )
  })

  it('knows what a machine does and which steps it has in every scenario, not only in the first', async () => {
    expect(await explain('ticker')).toMatch(/is {9}counts; or counts to/)
  })

  it('groups expectations by scenario and verdict, those with notes separately', async () => {
    const [upstream, ...designs] = catalogue.designs
    const expected: Expectation[] = [
      { scenario: 'zap', property: 'root-dropped', verdict: 'vacuous', note: 'It is never requested.' },
      { scenario: 'zap', property: 'can-free', verdict: 'violated', length: 3 },
      { scenario: 'zap', property: 'marked-for-good', verdict: 'vacuous', note: 'It is never requested.' },
    ]
    const changed = { ...catalogue, designs: [{ ...upstream, expect: expected }, ...designs] }
    const { out } = await runSmall(['explain', 'D0'], { catalogue: changed })
    expect(out.slice(out.findIndex((line) => line.startsWith('  expected')))).toEqual([
      '  expected   in zap, vacuous (nothing to judge): root-dropped, marked-for-good.',
      '             It is never requested.',
      '             in zap, violated: can-free (3 steps)',
      '             every other property holds',
    ])
  })

  it('suggests among everything', async () => {
    const { status, err } = await runSmall(['explain', 'Z.33'])
    expect([status, err[0]]).toEqual([2, 'mmucheck: nothing is called "Z.33"; did you mean Z.3?'])
  })
})
