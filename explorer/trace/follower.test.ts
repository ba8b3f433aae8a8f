import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { naivelyFollows } from './testing/naive-follower.ts'
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
})

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
      }),
      { numRuns: 200 },
    )
    expect(verdicts.followed).toBeGreaterThan(30)
    expect(verdicts.rejected).toBeGreaterThan(30)
  })
})
