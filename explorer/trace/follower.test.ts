import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { ReplayError, referenceRun } from '../../model/language/reference.ts'
import type { TraceStep } from '../../model/language/trace.ts'
import type { Rejection } from './rejection.ts'
import { type ListedLog, naivelyFollows } from './testing/naive-follower.ts'
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
      { numRuns: 100 },
    )
  })

  it('is that of the behaviour whose steps are counted', () => {
    let taken = 0
    fc.assert(
      fc.property(logs, ([systemTape, logTape]) => {
        const log = randomLog(systemTape, logTape)
        const { follower, steps } = followed(log, { keepPaths: true })
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
            return [referenceRun(log.system, { initial, steps: trace }).states.at(-1)]
          } catch (error) {
            if (error instanceof ReplayError) return []
            throw error
          }
        })
        expect(ends).toContainEqual(end)
        const count = steps.reduce((sum, each) => sum + each.taken, 0)
        expect(count).toBe(path.length)
        taken += count
      }),
      { numRuns: 50 },
    )
    expect(taken).toBeGreaterThan(100)
  })
})

/** Checks what is said of a rejection against the log. */
function checkRejection(log: ListedLog, { observation, minimal, unmet, compared }: Rejection): void {
  const rejected = log.observations.indexOf(observation)
  // Up to the rejected observation no behaviour agrees, up to the one before it some does.
  expect(naivelyFollows({ ...log, observations: log.observations.slice(0, rejected) })).not.toBe(false)
  expect(minimal.at(-1)).toBe(observation)
  expect(unmet !== null || compared.length > 0).toBe(true)
}

describe('a changed log', () => {
  it('is rejected exactly if no behaviour of the system agrees with it', () => {
    const verdicts = { followed: 0, rejected: 0 }
    fc.assert(
      fc.property(logs, tape(40), ([systemTape, logTape], changeTape) => {
        const draw = drawFrom(changeTape)
        let log = randomLog(systemTape, logTape)
        for (let n = 1 + draw(2); n > 0 && log.observations.length > 0; n--) log = changed(log, draw)
        if (log.observations.length === 0) return
        const expected = naivelyFollows(log)
        if (expected === null) return
        const { verdict } = followed(log)
        expect(verdict.kind, shownLog(log)).toBe(expected ? 'followed' : 'rejected')
        verdicts[expected ? 'followed' : 'rejected']++
        if (verdict.kind === 'rejected') checkRejection(log, verdict.rejection)
      }),
      { numRuns: 200 },
    )
    expect(verdicts.followed).toBeGreaterThan(30)
    expect(verdicts.rejected).toBeGreaterThan(30)
  })
})
