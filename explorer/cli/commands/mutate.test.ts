import { describe, expect, it } from 'vitest'
import type { SurvivingMutant } from '../../../model/designs/survival.ts'
import type { Catalogue } from '../catalogue.ts'
import { EXIT } from '../exit-status.ts'
import { mutationSchema } from '../report/mutation-report.ts'
import { CHECKER, runSmall } from '../testing/run-small.ts'

/** The small catalogue with one scenario, so that a run searches all there is. */
const withDrops = (
  surviving: readonly SurvivingMutant[],
  scenario = 'zap',
  noticedIn: Readonly<Record<string, string>> = {},
): { readonly catalogue: Catalogue } => ({
  catalogue: {
    ...CHECKER.catalogue,
    scenarios: CHECKER.catalogue.scenarios.filter(({ id }) => scenario.split(' ').includes(id)),
    mutants: { drop: { surviving, noticedIn } },
  },
})

const because = (id: string): SurvivingMutant => ({ id, reason: 'precision', because: 'it is a test.' })

/** In `waits` the root is never freed, with or without these statements. */
const WAITS = ['Z.1 in mark()', 'Z.2 in request()', 'Z.3 in free()'].map(because)

const jsonOf = (out: readonly string[]) => mutationSchema.parse(JSON.parse(out.join('\n')))

describe('mmucheck mutate', () => {
  it('names the property that notices each dropped statement, where, and in how many steps', async () => {
    const { status, out } = await runSmall(['mutate'], withDrops([]))
    expect(out).toEqual([
      'noticed        Z.1 in mark(): root-dropped in zap, 3 steps',
      'noticed        Z.2 in request(): root-dropped in zap, 1 step',
      'noticed        Z.3 in free(): can-free in zap, 0 steps',
      'noticed        V.2 in drop(): root-dropped in zap, 4 steps',
      'mmucheck: score 4 of 4; 4 noticed, 0 no change, 0 explained, 0 not explained, 0 not decided',
    ])
    expect(status).toBe(EXIT.holds)
  })

  it('fails on a statement that nothing notices, unless there is a reason', async () => {
    const before = await runSmall(['mutate'], withDrops([], 'waits'))
    expect(before.out.at(-1)).toMatch(/0 noticed, .*, 3 not explained, 0 not decided/)
    expect(before.status).toBe(EXIT.mismatch)
    const after = await runSmall(['mutate'], withDrops(WAITS, 'waits'))
    expect(after.out.join('\n')).toContain('(precision: it is a test.)')
    expect(after.out.at(-1)).toMatch(/0 noticed, .*, 3 explained, 0 not explained/)
    expect(after.status).toBe(EXIT.holds)
  })

  it('fails on a reason for what is noticed, and on one for what does not exist', async () => {
    const noticed = await runSmall(['mutate'], withDrops([because('Z.1 in mark()')]))
    expect(noticed.out.at(-1)).toContain('1 noticed though a reason says otherwise')
    expect(noticed.status).toBe(EXIT.mismatch)
    const stale = await runSmall(['mutate'], withDrops([because('Z.9 in zap()')]))
    expect(stale.out).toContain('no statement is called Z.9 in zap()')
    expect(stale.status).toBe(EXIT.mismatch)
  })

  it('never says of what the budget left out that it survives', async () => {
    const few = await runSmall(['mutate', '--states', '2'], withDrops([], 'waits'))
    expect(few.out.join('\n')).not.toMatch(/survives|no scenario takes it/)
    expect(few.status).toBe(EXIT.inconclusive)
    const budget = ['mutate', '--step', 'Z.1', '--scenarios-per-step', '1']
    const one = await runSmall(budget, withDrops([], 'waits zap-and-tick'))
    expect(one.out.join('\n')).toContain('not searched: 1 more scenario')
    expect(one.status).toBe(EXIT.inconclusive)
    // A reason does not decide it either.
    const known = await runSmall(budget, withDrops([because('Z.1 in mark()')], 'waits zap-and-tick'))
    expect(known.out.join('\n')).toMatch(/not decided +Z\.1 in mark\(\).*it is a\s+test/s)
    expect(known.status).toBe(EXIT.inconclusive)
    const allowed = await runSmall([...budget, '--allow-incomplete'], withDrops([], 'waits zap-and-tick'))
    expect(allowed.status).toBe(EXIT.holds)
    const named = await runSmall(['mutate', 'waits'], withDrops([], 'waits zap-and-tick'))
    expect(named.status).toBe(EXIT.inconclusive)
  })

  it('searches first where a statement is known to be noticed', async () => {
    const budget = ['mutate', '--step', 'Z.1', '--scenarios-per-step', '1']
    const smallest = await runSmall(budget, withDrops([], 'waits zap-and-tick'))
    expect(smallest.status).toBe(EXIT.inconclusive)
    const first = { 'Z.1 in mark()': 'zap-and-tick' }
    const known = await runSmall(budget, withDrops([], 'waits zap-and-tick', first))
    expect(known.out[0]).toContain('Z.1 in mark(): root-dropped in zap-and-tick')
    expect(known.status).toBe(EXIT.holds)
  })

  it('makes changes of all kinds in one run', async () => {
    const all = jsonOf((await runSmall(['mutate', '--only', 'all', '--json'], withDrops([]))).out)
    const kinds = new Map<string, number>()
    for (const { mutator } of all.mutants) kinds.set(mutator, (kinds.get(mutator) ?? 0) + 1)
    for (const kind of ['drop', 'guard']) {
      const alone = jsonOf((await runSmall(['mutate', '--only', kind, '--json'], withDrops([]))).out)
      expect(all.mutants.filter(({ mutator }) => mutator === kind)).toEqual(alone.mutants)
      expect(kinds.get(kind)).toBeGreaterThan(0)
    }
    expect(all.score.of).toBe(all.mutants.filter(({ standing }) => standing !== 'equivalent').length)
  })

  it('prints JSON', async () => {
    const { out, status } = await runSmall(['mutate', '--json'], withDrops(WAITS, 'waits'))
    const { mutants, ...run } = jsonOf(out)
    expect(run).toEqual({
      schema: 'mmucheck-mutation/1',
      version: '0.0.0',
      modelHash: '0123456789abcdef',
      mutator: 'drop',
      design: 'upstream',
      stale: [],
      score: { noticed: 0, of: 3 },
    })
    expect(mutants.map(({ id, standing, outcome, reason }) => [id, standing, outcome.kind, reason])).toEqual([
      ['Z.1 in mark()', 'explained', 'survives', 'precision'],
      ['Z.2 in request()', 'explained', 'survives', 'precision'],
      ['Z.3 in free()', 'explained', 'never-taken', 'precision'],
    ])
    expect(status).toBe(EXIT.holds)
  })

  it('refuses a step, scenario, kind or number that does not exist', async () => {
    const refused = async (why: string, ...args: string[]): Promise<void> => {
      const { status, out, err } = await runSmall(['mutate', ...args], withDrops([]))
      expect([args, status, out]).toEqual([args, EXIT.usage, []])
      expect(err[0]).toMatch(new RegExp(`^mmucheck: .*${why}`))
    }
    await refused('no chosen scenario has a statement "Z.99"', '--step', 'Z.99')
    await refused('no scenario is called "nowhere"', 'nowhere')
    await refused('--only: must be one of all, drop, swap, guard, section, not "other"', '--only', 'other')
    await refused('--only section: no chosen scenario has anything to change', '--only', 'section')
    const number = 'must be a whole number of at least 1'
    await refused(`--states: ${number}, not "0"`, '--states', '0')
    await refused(`--scenarios-per-step: ${number}, or "all", not "few"`, '--scenarios-per-step', 'few')
  })

  it('leaves undecided what an interrupt kept it from trying', async () => {
    const stopped = new AbortController()
    stopped.abort(EXIT.interrupted)
    const { status, out } = await runSmall(['mutate'], { ...withDrops([]), signal: stopped.signal })
    expect(out.join('\n')).not.toMatch(/survives|no scenario takes it|no change {2}/)
    expect(status).toBe(EXIT.interrupted)
  })
})
