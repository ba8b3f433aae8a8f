import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { readCounterexample } from '../../counterexamples/counterexample-file.ts'
import { effort } from '../testing/effort.ts'
import { freshProcess } from './confirm.ts'
import { counterexampleFiles } from './counterexample-files.ts'
import { resultSchema } from './report/result-json.ts'
import { builtPrograms, MAIN, PLAIN, SMALL, SMALL_REPLAY } from './testing/built-programs.ts'
import { CHECKER } from './testing/run-small.ts'
import { catalogue } from './testing/small-catalogue.ts'

/** The built programs as processes: what cannot be seen from inside one. */

const { folder, run, begin } = builtPrograms()

/** Milliseconds after which an endless search has begun on any machine. */
const MOST_WAIT = 30_000

const sleep = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms))

describe('a search in the built program', () => {
  it('finds, writes and confirms a violation in a fresh process, and exits with 1', () => {
    const { status, stdout, stderr } = run(SMALL, ['check', 'zap', '--design', 'D1', '--json'])
    expect([status, stderr]).toEqual([1, ''])
    const result = resultSchema.parse(JSON.parse(stdout))
    const files = result.checks[0].properties.flatMap((p) => p.counterexample?.file ?? [])
    expect(files.sort()).toEqual(readdirSync(join(folder(), 'out')).map((name) => join('out', name)))
    expect(run(SMALL, ['replay', ...files]).status).toBe(0)
  })

  it('exits with 70 when a search is lost, and prints no verdict', () => {
    const { status, stdout, stderr } = run(SMALL, ['check', 'zap', '--design', 'ends-its-thread'])
    expect([status, stdout]).toEqual([70, ''])
    expect(stderr).toBe(
      'mmucheck: internal error: the search of zap with ends-its-thread was lost: its thread ended with status 9\n',
    )
  })

  it('exits with 2 for a model that writes outside a domain', () => {
    const { status, stdout, stderr } = run(SMALL, ['check', 'zap', '--design', 'outside', '--json'])
    expect(status).toBe(2)
    const [{ modelError, complete }] = JSON.parse(stdout).checks
    expect([complete, modelError.steps.length]).toEqual([false, 3])
    expect(stderr).toMatch(/^mmucheck: the model is wrong: zap: step Z\.3 .* is outside its domain .*\n$/)
  })

  it('ends at a time limit with 4', () => {
    const { status, stdout } = run(SMALL, ['check', 'endless', '--time-limit', '0.3'])
    expect(status).toBe(4)
    expect(stdout).toContain('INCOMPLETE: 0.3 s passed (--time-limit)')
  })

  it('ends at a memory limit with 4, whatever the limit', () => {
    // By partial order it would be tried for fifty times the time.
    const limits = [
      ['1', 'all'],
      ['250', 'none'],
    ]
    for (const [limit, reduce] of limits.slice(0, effort(1, 2))) {
      const { status, stdout } = run(SMALL, ['check', 'endless', '--memory-limit', limit, '--reduce', reduce])
      expect(status).toBe(4)
      expect(stdout).toContain(`INCOMPLETE: ${limit} MiB used (--memory-limit)`)
    }
  })
})

describe('the replay in a fresh process', () => {
  it('takes one after the other, and a wrong file spoils nothing but itself', async () => {
    run(SMALL, ['check', 'zap', '--design', 'D1', '--out', 'some'])
    const [first, second, third] = readdirSync(join(folder(), 'some')).map((f) =>
      readCounterexample(join(folder(), 'some', f)),
    )
    const { confirm } = freshProcess(SMALL_REPLAY)
    const all = [first, second, { ...second, scenario: 'none' }, third].map((ce) => confirm(ce))
    const ended = await Promise.allSettled(all)
    expect(ended.map(({ status }) => status)).toEqual(['fulfilled', 'fulfilled', 'rejected', 'fulfilled'])
  })

  it('rejects a trace that violates nothing', async () => {
    const [scenario] = catalogue.scenarios
    const [upstream] = catalogue.designs
    const property = catalogue.properties[0]
    const outcome = {
      id: property.id,
      kind: property.kind,
      asked: true,
      verdict: 'violated',
      antecedent: 1,
      trace: { initial: 0, steps: [{ thread: 'zapper', step: 'Z.1' }] },
      reason: null,
      upTo: null,
      subject: null,
      fairness: null,
    } as const
    const writer = counterexampleFiles(CHECKER, freshProcess(SMALL_REPLAY).confirm)
    const kept = writer.write(
      { scenario, design: upstream, properties: [property], unasked: [], foreign: [] },
      [outcome],
      {
        out: join(folder(), 'bogus'),
        onUnwritten: () => {},
        shortest: true,
      },
    )
    await expect(kept).rejects.toThrow(
      /^the replay in a fresh process disagrees with the search: .*root-dropped/,
    )
  })
})

describe('an interrupt', () => {
  it.each([
    ['SIGINT', 130, '1'],
    ['SIGTERM', 143, '2'],
  ] as const)(
    '%s stops the search, prints the partial report and exits with %i (workers: %s)',
    async (signal, expected, workers) => {
      // Only the result shows whether the search had begun; a busy machine may take its time.
      for (let wait = 500; ; wait *= 2) {
        const { child, ended } = begin(['check', 'endless', '--json', '--quiet', '--workers', workers])
        await sleep(wait)
        child.kill(signal)
        const { status, stdout, stderr } = await ended
        if (status === null && wait < MOST_WAIT) continue
        expect([status, stderr]).toEqual([expected, ''])
        const result = resultSchema.parse(JSON.parse(stdout))
        expect(result.verdict).toBe('inconclusive')
        const [{ complete, states, incompleteReason }] = result.checks
        expect(complete).toBe(false)
        if (states <= 1 && wait < MOST_WAIT) continue
        expect(states).toBeGreaterThan(1)
        expect(incompleteReason).toBe('interrupted')
        break
      }
    },
  )
})

describe('streams', () => {
  it('a reader that goes away is no verdict and no complaint', async () => {
    const { child, ended } = begin(['check', 'endless', '--quiet', '--time-limit', '1'])
    child.stdout?.destroy()
    expect(await ended).toMatchObject({ status: 141, stderr: '' })
  })

  it('colour is for terminals, or when asked for', () => {
    const coloured = (env: NodeJS.ProcessEnv) =>
      run(SMALL, ['list', 'designs'], { ...PLAIN, ...env }).stdout.includes('\x1b[')
    expect(coloured({})).toBe(false)
    expect(coloured({ FORCE_COLOR: '1' })).toBe(true)
    expect(coloured({ FORCE_COLOR: '1', NO_COLOR: '1' })).toBe(true)
    expect(coloured({ NO_COLOR: '1' })).toBe(false)
  })
})

describe('the KVM model', () => {
  it('finds the bug of v5.18 by itself: R1 exits with 1 and a trace', () => {
    const { status, stdout } = run(MAIN, ['check', 'roots-zap-all', '--design', 'R1', '--json'])
    expect(status).toBe(1)
    const { checks } = resultSchema.parse(JSON.parse(stdout))
    const stale = checks[0].properties.find((p) => p.id === 'no-stale-root-used')
    expect(stale?.verdict).toBe('violated')
    expect(stale?.counterexample?.length).toBeGreaterThan(0)
  })

  it('proves the fix: R2 exits with 0 and is complete', () => {
    const { status, stdout } = run(MAIN, ['check', 'roots-zap-all', '--design', 'R2', '--json'])
    expect(status).toBe(0)
    const { verdict, checks } = resultSchema.parse(JSON.parse(stdout))
    expect(verdict).toBe('holds')
    expect(checks[0].complete).toBe(true)
    expect(checks[0].properties.filter((p) => p.asked && p.antecedent === 0).map((p) => p.id)).toEqual([])
  })

  it('has no two things of one name', () => {
    const all = JSON.parse(run(MAIN, ['list', '--json']).stdout) as Record<
      string,
      { id: string; aliases: string[] }[]
    >
    for (const list of Object.values(all)) {
      const names = list.flatMap(({ id, aliases }) => [id, ...aliases]).map((n) => n.toLowerCase())
      expect(names.filter((name, i) => names.indexOf(name) !== i)).toEqual([])
    }
  })
})
