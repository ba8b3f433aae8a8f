import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import fc from 'fast-check'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { program, step } from '../../model/language/program.ts'
import type { Property } from '../../model/language/property.ts'
import { array, range, sort, struct } from '../../model/language/shapes.ts'
import { compose, each } from '../../model/language/system.ts'
import { filterLockModel, twoPhaseModel } from '../oracles/models.ts'
import { randomSymmetric } from '../reduce/symmetry/testing/random-symmetric.ts'
import { breadthFirst, type SearchOptions } from '../search/breadth-first.ts'
import { effort } from '../testing/effort.ts'
import {
  comparable,
  inPieces,
  interrupted,
  isInterrupted,
  type Search,
  stopChecksIn,
} from './testing/interrupted-searches.ts'

let directory = ''
beforeEach(() => {
  directory = join(mkdtempSync(join(tmpdir(), 'combinations-')), 'cp')
})
afterEach(() => {
  vi.restoreAllMocks()
  rmSync(join(directory, '..'), { recursive: true, force: true })
})

/** Interrupts a search at several places and resumes it: the results must be those of an uninterrupted one. */
function expectTheSame(search: Search, paths: number): void {
  const whole = comparable(search({}))
  const looks = stopChecksIn(search)
  for (let n = 0; n < paths; n++) {
    const first = interrupted(search, directory, Math.floor((looks * n) / paths))
    expect(isInterrupted(first)).toBe(true)
    expect(comparable(search({ resume: directory }))).toEqual(whole)
  }
}

const five = twoPhaseModel(effort(4, 5))
/** Partial order makes more of every state, so it gets fewer. */
const subjectFor = ({ reduce }: SearchOptions) => (reduce === 'por' ? twoPhaseModel(4) : five)
const locks = filterLockModel(3)
const done: Property<unknown> = {
  kind: 'progress',
  id: 'can-end',
  title: '',
  goal: (w) => (w as { tmState: string }).tmState !== 'init',
}
const canCommit: Property<unknown> = {
  kind: 'progress',
  id: 'can-commit',
  title: '',
  goal: (w) => (w as { tmState: string }).tmState === 'committed',
}

describe('a resumed search gives the same result as an uninterrupted one', () => {
  it.each<SearchOptions>([
    { reduce: 'symmetry' },
    { reduce: 'symmetry', storage: 'fingerprint', seed: 3 },
    { reduce: 'symmetry', storage: 'fingerprint', fingerprintBits: 96 },
    { reduce: 'all' },
    { reduce: 'por' },
    { reduce: 'por', storage: 'fingerprint' },
  ])('%o', (options) => {
    const { system, properties } = subjectFor(options)
    expectTheSame((more) => breadthFirst(system, properties, { ...options, ...more }), effort(2, 5))
    expectTheSame(
      (more) => breadthFirst(locks.system, locks.properties, { ...options, ...more }),
      effort(1, 3),
    )
  })

  it.each<SearchOptions>([{ reduce: 'none' }, { reduce: 'symmetry' }, { reduce: 'por' }, { reduce: 'all' }])(
    'with progress on the graph: %o',
    (options) => {
      const { system, properties } = subjectFor(options)
      const judged = [...properties, done, canCommit]
      const search: Search = (more) => breadthFirst(system, judged, { ...options, ...more })
      expect(
        search({})
          .properties.map(({ verdict }) => verdict)
          .slice(-2),
      ).toEqual(['holds', 'violated'])
      expectTheSame(search, effort(2, 5))
    },
  )

  it('in many pieces', () => {
    for (const reduce of ['symmetry', 'por'] as const) {
      const { system, properties } = subjectFor({ reduce })
      const judged = [...properties, done, canCommit]
      const search: Search = (more) => breadthFirst(system, judged, { reduce, ...more })
      const { result, pieces } = inPieces(search, directory, 2)
      expect(pieces).toBeGreaterThan(5)
      expect(comparable(result)).toEqual(comparable(search({})))
    }
  })

  it('random systems, whatever symmetry is claimed', () => {
    const tapes = fc.array(fc.nat(1 << 20), { minLength: 20, maxLength: 120 })
    let refused = 0
    fc.assert(
      fc.property(
        tapes,
        fc.boolean(),
        fc.constantFrom('all', 'por', 'none'),
        fc.nat(1000),
        (tape, naming, reduce, where) => {
          const { system, properties } = randomSymmetric(tape, naming)
          const search: Search = (more) => breadthFirst(system, properties, { reduce, ...more }) as never
          const whole = search({})
          interrupted(search, directory, where % stopChecksIn(search))
          expect(comparable(search({ resume: directory }))).toEqual(comparable(whole))
          if (whole.reduction.notApplied.some(({ kind }) => kind === 'asymmetric')) refused++
        },
      ),
      { numRuns: 24, seed: 1 },
    )
    expect(refused).toBeGreaterThan(0)
  })
})

/** Counters that have nothing to do with each other: 10 to their number states, hardly any with partial order. */
const four = sort('counter', 4)
type World = { readonly ticks: { [self: number]: number } }
const counting = (symmetric: boolean, counter = four) =>
  compose({
    name: 'counting',
    world: struct({ ticks: array(counter, range(0, 9)) }),
    symmetric: symmetric ? [counter] : [],
    threads: [
      each(
        counter,
        program<World>('counter', 'counts to nine', [
          step(
            'up',
            {},
            {
              when: (w, self) => w.ticks[self] < 9,
              does: (w, self) => {
                w.ticks[self]++
              },
              to: 'up',
            },
          ),
        ]),
      ),
    ],
    initial: [() => {}],
  })
const noneStops: Property<World> = { kind: 'deadlock', id: 'none-stops', title: '' }
const count = (options: SearchOptions, symmetric = false) =>
  breadthFirst(counting(symmetric), [noneStops], { reduce: 'all', ...options })

describe('where `all` takes partial order because of a limit', () => {
  it.each([
    ['it helps', 500, true, false],
    ['it helps on top of symmetry', 200, true, true],
    ['it does not', 1, false, false],
  ])('and %s, an interruption in either search changes nothing', (_, maxStates, helps, symmetric) => {
    const search: Search = (more) => count({ maxStates, ...more }, symmetric)
    const whole = search({})
    expect([whole.complete, whole.reduction.partialOrder !== null]).toEqual([helps, helps])
    expect(whole.reduction.symmetry !== null).toBe(symmetric)
    const looks = stopChecksIn(search)
    for (let look = 0; look < looks; look += effort(3, 1) * (helps ? 9 : 2)) {
      interrupted(search, directory, look)
      expect(comparable(search({ resume: directory }))).toEqual(comparable(whole))
    }
  })

  it.each([
    ['symmetry alone', 60, 'complete'],
    ['partial order as well', 40, 'complete'],
    ['nothing', 1, 'INCOMPLETE'],
  ])('and before that symmetry, if there are two permutations: what helps is %s', (helps, maxStates, end) => {
    const pair = counting(true, sort('counter', 2))
    const search: Search = (more) => breadthFirst(pair, [noneStops], { reduce: 'all', maxStates, ...more })
    const whole = search({})
    const { symmetry, partialOrder } = whole.reduction
    expect(whole.complete ? 'complete' : 'INCOMPLETE').toBe(end)
    expect(symmetry !== null).toBe(whole.complete)
    expect(partialOrder !== null).toBe(helps === 'partial order as well')
    const looks = stopChecksIn(search)
    for (let look = 0; look < looks; look += effort(4, 1)) {
      interrupted(search, directory, look)
      expect(comparable(search({ resume: directory }))).toEqual(comparable(whole))
    }
  })

  it('and again and again', () => {
    const search: Search = (more) => count({ maxStates: 500, ...more })
    const { result, pieces } = inPieces(search, directory, 2)
    expect(pieces).toBeGreaterThan(3)
    expect(comparable(result)).toEqual(comparable(search({})))
  })

  it('a larger limit finds each search where it was', () => {
    const inMain: Search = (more) => count({ maxStates: 500, ...more })
    const looks = stopChecksIn(inMain)
    for (const larger of [600, 20_000]) {
      const whole = comparable(count({ maxStates: larger }))
      expect(whole.complete).toBe(true)
      for (const look of [2, looks - 2]) {
        interrupted(inMain, directory, look)
        expect(comparable(count({ maxStates: larger, resume: directory }))).toEqual(whole)
      }
    }
  })

  it('the time limit is for both searches together, also when they are resumed', () => {
    let now = 0
    vi.spyOn(performance, 'now').mockImplementation(() => now)
    const ticking = (options: SearchOptions, until = Number.POSITIVE_INFINITY) =>
      count({
        maxStates: 500,
        stop: () => {
          now += 1000
          return now > until * 1000
        },
        ...options,
      })
    const whole = ticking({})
    expect(whole.complete).toBe(true)
    expect(whole.seconds).toBeGreaterThan(10)
    const enough = { timeLimit: whole.seconds + 1 }
    const short = { timeLimit: whole.seconds - 3 }
    expect(ticking(enough).complete).toBe(true)
    expect(ticking(short).incompleteReason).toMatchObject({ kind: 'time-limit' })
    now = 0
    const stopped = ticking({ checkpoint: { directory } }, whole.seconds - 5)
    expect(stopped.complete).toBe(false)
    expect(stopped.seconds).toBeGreaterThan(whole.seconds - 5)
    const rest = ticking({ resume: directory, ...short })
    expect(rest.incompleteReason).toMatchObject({ kind: 'time-limit' })
    expect(rest.seconds).toBeGreaterThan(short.timeLimit)
    const { complete, seconds } = ticking({ resume: directory, timeLimit: 2 * whole.seconds })
    expect(complete).toBe(true)
    expect(seconds).toBeGreaterThan(whole.seconds)
    expect(seconds).toBeLessThan(whole.seconds + 5)
  })
})

describe('liveness', () => {
  const lock = filterLockModel(4)
  const asked: Property<never>[] = [
    ...lock.properties,
    {
      kind: 'leads-to',
      id: 'enters',
      title: '',
      each: 'thread',
      given: (_, at, self) => at.thread[self] === 'wait',
      goal: (_, at, self) => at.thread[self] === 'unlock',
    },
    { kind: 'eventually-always', id: 'gives-up', title: '', goal: (_, at) => at.thread[0] === 'raise' },
  ]

  it.each<SearchOptions>([{ reduce: 'none' }, { reduce: 'all' }])(
    'resumes in the search, and in the graph for liveness: %o',
    (options) => {
      const search: Search = (more) => breadthFirst(lock.system, asked, { ...options, ...more })
      const whole = search({})
      expect(whole.properties.map(({ verdict }) => verdict)).toEqual(['holds', 'holds', 'violated'])
      expect(whole.properties[2].trace?.loopStart).toBeGreaterThan(0)
      const looks = stopChecksIn(search)
      let inGraph = 0
      for (const look of [3, looks - 12, looks - 1]) {
        const first = interrupted(search, directory, look)
        if (first.complete) inGraph++
        let left = 0
        const rest = search({
          resume: directory,
          stop: () => {
            left++
            return false
          },
        })
        expect(comparable(rest)).toEqual(comparable(whole))
        expect(left).toBeLessThan(looks - look + 3)
      }
      expect(inGraph).toBe(2)
    },
  )

  it('in many pieces', () => {
    const search: Search = (more) => breadthFirst(lock.system, asked, { reduce: 'all', ...more })
    const { result, pieces } = inPieces(search, directory, 7)
    expect(pieces).toBeGreaterThan(5)
    expect(comparable(result)).toEqual(comparable(search({})))
  })
})
