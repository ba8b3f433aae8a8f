import { afterEach, describe, expect, it, vi } from 'vitest'
import { LimitWatch, RETRY_BUDGET } from './limit-watch.ts'

const MIB = 1024 * 1024
afterEach(() => {
  vi.restoreAllMocks()
})
const resident = (mib: number) => vi.spyOn(process.memoryUsage, 'rss').mockReturnValue(mib * MIB)

describe('LimitWatch', () => {
  it('without limits nothing is exceeded', () => {
    expect(new LimitWatch({}).exceeded(1e9, 0)).toBeNull()
    expect(new LimitWatch({}).tooDeep(1e9)).toBe(false)
  })

  it('a number of states may be reached, not passed', () => {
    const watch = new LimitWatch({ maxStates: 10 })
    expect(watch.exceeded(10, 0)).toBeNull()
    expect(watch.exceeded(11, 0)).toEqual({ kind: 'max-states', states: 10 })
  })

  it('states at the depth limit are the last', () => {
    const watch = new LimitWatch({ maxDepth: 3 })
    expect([2, 3, 4].map((depth) => watch.tooDeep(depth))).toEqual([false, true, true])
  })

  it('the memory of the process counts, and that of the tables when it is more', () => {
    resident(50)
    expect(new LimitWatch({ memoryLimit: 100 }).exceeded(1, 0)).toBeNull()
    expect(new LimitWatch({ memoryLimit: 100 }).exceeded(1, 101 * MIB)).toEqual({
      kind: 'memory-limit',
      mebibytes: 100,
    })
    expect(new LimitWatch({ memoryLimit: 49 }).exceeded(1, 0)).toEqual({
      kind: 'memory-limit',
      mebibytes: 49,
    })
  })

  it('what is about to be allocated counts before it is allocated', () => {
    resident(50)
    const watch = new LimitWatch({ memoryLimit: 100 })
    expect(watch.exceeded(1, 0)).toBeNull()
    expect(watch.tight).toBe(false)
    expect(watch.exceeded(1, 0, 40 * MIB)).toBeNull()
    expect(watch.tight).toBe(true)
    expect(watch.exceeded(1, 0, 51 * MIB)).toEqual({ kind: 'memory-limit', mebibytes: 100 })
  })

  it('a retry of a search that did not fit may take fifty times as long', () => {
    const now = vi.spyOn(performance, 'now')
    now.mockReturnValue(0)
    const watch = new LimitWatch({})
    now.mockReturnValue(2_000)
    watch.startRetry()
    now.mockReturnValue(101_000)
    expect(watch.exceeded(1, 0)).toBeNull()
    // An interrupted search had taken the rest of it.
    watch.resumeFrom(1.5)
    expect(watch.exceeded(1, 0)).toEqual({ kind: 'retry-too-slow', times: RETRY_BUDGET, first: null })
  })

  it('however short the first was, the second has ten seconds', () => {
    const watch = new LimitWatch({}, 60)
    watch.resumeFrom(0.01)
    watch.startRetry()
    watch.resumeFrom(9)
    expect(watch.exceeded(1, 0)).toBeNull()
    watch.resumeFrom(2)
    expect(watch.exceeded(1, 0)).toEqual({ kind: 'retry-too-slow', times: RETRY_BUDGET, first: null })
  })

  it('the time of an interrupted search counts when it is resumed', () => {
    const watch = new LimitWatch({ timeLimit: 60 })
    expect(watch.exceeded(1, 0)).toBeNull()
    watch.resumeFrom(61)
    expect(watch.seconds).toBeGreaterThan(61)
    expect(watch.exceeded(1, 0)).toEqual({ kind: 'time-limit', seconds: 60 })
  })
})
