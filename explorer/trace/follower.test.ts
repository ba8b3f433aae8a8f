import { isDeepStrictEqual } from 'node:util'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { Comparison, Condition, Value } from '../../model/language/observation.ts'
import { ReplayError, referenceRun } from '../../model/language/reference.ts'
import type { System } from '../../model/language/system.ts'
import type { TraceStep } from '../../model/language/trace.ts'
import { randomSystem } from '../oracles/random-system.ts'
import { effort } from '../testing/effort.ts'
import type { TraceVerdict } from './result.ts'
import { type ListedLog, naivelyAgreed } from './testing/naive-follower.ts'
import { changed, drawFrom, followed, randomLog, shownLog } from './testing/small-logs.ts'

const tape = (length: number): fc.Arbitrary<number[]> =>
  fc.array(fc.nat(999), { minLength: length, maxLength: length })

/** A random system, a random log of it. */
const logs = fc.tuple(tape(60), tape(120))

describe('a log of a system', () => {
  it('is followed', () => {
    fc.assert(
      fc.property(logs, ([systemTape, logTape]) => {
        const log = randomLog(systemTape, logTape)
        const { verdict, observations } = followed(log)
        expect(verdict, shownLog(log)).toEqual({ kind: 'followed' })
        expect(observations).toBe(log.observations.length)
      }),
      { numRuns: effort(60, 2000) },
    )
  })

  it('is that of the behaviour whose steps are counted', () => {
    let taken = 0
    fc.assert(
      fc.property(logs, ([systemTape, logTape]) => {
        const log = randomLog(systemTape, logTape)
        const { follower, steps } = followed(log, { mostSteps: Number.POSITIVE_INFINITY })
        const { candidates, history, traced } = follower
        const path = history.path(candidates.node[candidates.live[0]])
        const trace = path.map(({ alternative }): TraceStep => {
          const { thread, step } = traced.alternatives[alternative]
          return { thread: log.system.threads[thread].name, step: traced.compiled.steps[step].path }
        })
        const end = new Uint16Array(log.system.layout.fields.length)
        log.system.layout.unpack(candidates.rows, candidates.live[0] * candidates.width, end)
        // As xstate takes them: from one of the initial states they lead to the candidate.
        const ends = log.system.initial.flatMap((_, initial) => {
          try {
            const run = referenceRun(log.system, { initial, steps: trace })
            return isDeepStrictEqual(run.states.at(-1), end) ? [run] : []
          } catch (error) {
            if (error instanceof ReplayError) return []
            throw error
          }
        })
        expect(ends.length).toBeGreaterThan(0)
        // The states on the way agree with each observation.
        let state = 0
        log.observations.forEach(({ exact = [] }, n) => {
          while (state < path.length && path[state].before <= n) state++
          const isHere = (condition: Condition): boolean => {
            if (!('is' in condition)) return true
            const { is } = condition
            return (
              (typeof is === 'object' && is !== null) ||
              ends.some(({ states }) => Object.is(valueIn(log.system, states[state], condition), is))
            )
          }
          expect(exact.filter((condition) => !isHere(condition))).toEqual([])
        })
        const count = steps.reduce((sum, each) => sum + each.taken, 0)
        expect(count).toBe(path.length)
        taken += count
      }),
      { numRuns: effort(30, 500) },
    )
    expect(taken).toBeGreaterThan(0)
  })
})

/** Changes of single numbers of a tape. */
const changesOfTape = fc.array(fc.tuple(fc.nat(59), fc.nat(999)), { minLength: 6, maxLength: 6 })

describe('a changed log', () => {
  it('is followed exactly as far as some behaviour of the system agrees with it', () => {
    const verdicts = { followed: 0, rejected: 0, inconclusive: 0 }
    fc.assert(
      fc.property(logs, tape(40), ([systemTape, logTape], changeTape) => {
        const draw = drawFrom(changeTape)
        let log = randomLog(systemTape, logTape)
        for (let n = 1 + draw(2); n > 0 && log.observations.length > 0; n--) log = changed(log, draw)
        compare(log, verdicts)
      }),
      { numRuns: effort(150, 4000) },
    )
    expect(verdicts.followed).toBeGreaterThan(30)
    expect(verdicts.rejected).toBeGreaterThan(30)
  })
})

describe('a log of another design', () => {
  it('is followed exactly as far as some behaviour of the base prints the same', () => {
    const verdicts = { followed: 0, rejected: 0, inconclusive: 0 }
    fc.assert(
      fc.property(logs, changesOfTape, ([systemTape, logTape], changes) => {
        const base = randomSystem(systemTape).system
        const names = namesOf(base)
        // Guards, effects and jumps are others; all names stay the same.
        const design = changes.reduce((known, [n, value]) => {
          const next = known.with(n, value)
          return namesOf(randomSystem(next).system) === names ? next : known
        }, systemTape)
        const log = randomLog(design, logTape)
        compare({ ...log, system: base }, verdicts)
      }),
      { numRuns: effort(100, 4000) },
    )
    expect(verdicts.followed).toBeGreaterThan(30)
    expect(verdicts.rejected).toBeGreaterThan(0)
  })
})

/** What a comparison finds in a state. */
function valueIn(system: System, encoded: Uint16Array, { value }: Comparison): Value {
  const { world, at } = system.view({ read: (field) => encoded[field], write: () => {} })
  return value(world, at)
}

/** The steps of a system, and how many cases they have. */
const namesOf = ({ threads }: System): string =>
  threads
    .map(
      ({ name, flow }) => `${name}: ${flow.steps.map((s) => `${s.path}/${s.step.cases.length}`).join(' ')}`,
    )
    .join('; ')

/** Compares the follower with the exhaustive product. */
function compare(log: ListedLog, verdicts: Record<TraceVerdict['kind'], number>): void {
  const { verdict, observations } = followed(log)
  verdicts[verdict.kind]++
  if (log.observations.length === 0) {
    expect(verdict).toEqual({ kind: 'inconclusive', reason: { kind: 'nothing-observed' } })
    return
  }
  const agreed = naivelyAgreed(log)
  if (agreed === null) return
  expect(observations, shownLog(log)).toBe(agreed)
  expect(verdict.kind).toBe(agreed === log.observations.length ? 'followed' : 'rejected')
  if (verdict.kind !== 'rejected') return
  const { rejection } = verdict
  expect(rejection.observation).toBe(log.observations[agreed])
  expect(rejection.minimal.at(-1)).toBe(rejection.observation)
  expect(rejection.unmet !== null || rejection.compared.length > 0).toBe(true)
}
