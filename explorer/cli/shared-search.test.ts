import { describe, expect, it } from 'vitest'
import { effort } from '../testing/effort.ts'
import { type CheckJson, resultSchema } from './report/result-json.ts'
import { builtPrograms, MAIN, SMALL } from './testing/built-programs.ts'

/** A single search that several threads share, through the built program: what they find must not show it. */

const { run } = builtPrograms()

function search(program: string, args: readonly string[]) {
  const { status, stdout, stderr } = run(program, ['check', ...args, '--json', '--quiet'])
  // Quiet: on a busy machine there would be lines of progress.
  expect(stderr).toBe('')
  const [check] = resultSchema.parse(JSON.parse(stdout)).checks
  return { status, check }
}

/** Everything that must not depend on the number of threads. */
function essence({ status, check }: { status: number | null; check: CheckJson }) {
  const { seconds: _, bytesPerState: __, workers: ___, notApplied: ____, ...rest } = check
  return { status, ...rest }
}

describe('a single search with --workers', () => {
  const cases: [string, string, string[]][] = [
    ['on the small catalogue', SMALL, ['counts', '--property', 'not-both-four', '--property', 'half-way']],
    ['of the bug of v5.18', MAIN, ['roots-zap-all', '--design', 'R1', '--property', 'no-stale-root-used']],
    ['with what is judged on the whole graph', MAIN, ['roots-zap-all', '--design', 'R1', '--reduce', 'none']],
    [
      'of a fault that is retried again and again',
      MAIN,
      ['prefault-loop', '--kernel', '6.12', '--reduce', 'none'],
    ],
  ]
  it.each(cases.slice(0, effort(1, cases.length)))(
    'gives the same numbers and counterexamples for 1 and 3: %s',
    (_, program, args) => {
      const [one, three] = ['1', '3'].map((n) => search(program, [...args, '--workers', n]))
      expect([one, three].map(({ check }) => check.workers)).toEqual([1, 3])
      expect(one.status).toBe(1)
      expect(one.check.properties.some(({ counterexample }) => counterexample !== null)).toBe(true)
      expect(essence(three)).toEqual(essence(one))
    },
  )

  it.each([
    [['alike'], 'workers: symmetry, which saves more, needs one worker'],
    [['alike', '--reduce', 'symmetry'], 'workers: --reduce symmetry needs one worker'],
  ])('is made by one, and says why, where sharing would change something: %j', (args, why) => {
    const [one, two] = ['1', '2'].map((n) => search(SMALL, [...args, '--max-states', '1000', '--workers', n]))
    expect(two.check.workers).toBe(1)
    expect(two.check.notApplied.join()).toContain(why)
    expect(essence(two)).toEqual(essence(one))
  })

  it('ends at a limit as one does; partial order, which all takes then, is taken by one', () => {
    const limited = (...args: string[]) =>
      ['1', '2'].map((n) =>
        search(SMALL, ['counts', '--property', 'half-way', '--max-states', '1000', ...args, '--workers', n]),
      )
    const [one, two] = limited('--reduce', 'none')
    expect(one).toMatchObject({ status: 4, check: { complete: false } })
    expect(two.check).toMatchObject({ workers: 2, complete: false })
    const [alone, shared] = limited()
    expect(alone).toMatchObject({ status: 0, check: { complete: true, reduction: 'por' } })
    expect(shared.check).toMatchObject({ complete: true, reduction: 'por' })
  })

  it('is lost with a worker: 70, one line and no verdict', () => {
    const args = ['check', 'zap', '--design', 'ends-its-thread', '--property', 'I-1', '--workers', '2']
    const { status, stdout, stderr } = run(SMALL, args)
    expect([status, stdout]).toEqual([70, ''])
    expect(stderr).toMatch(
      /^mmucheck: internal error: the search of zap with ends-its-thread was lost: worker \d was lost: .*status 9\n$/,
    )
  })
})
