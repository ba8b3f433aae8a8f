import { describe, expect, it } from 'vitest'
import type { Property } from '../model/language/property.ts'
import { pointOfNoReturn } from './avoidance.ts'
import {
  abba,
  asking,
  lostUpdate,
  replayedOf,
  spinner,
  useAfterFree,
  zapVersusEnter,
} from './testing/small-systems.ts'

describe('the point of no return', () => {
  it('is the last step in whose place another one could have been taken', () => {
    // Once both have loaded, one of the increments is lost.
    expect(pointOfNoReturn(replayedOf(lostUpdate(2)))).toEqual({
      step: 1,
      instead: { thread: 'inc0', step: 'store' },
      openFrom: null,
    })
  })

  it.each([
    ['an oops', useAfterFree(), 1, { thread: 'user', step: 'use' }],
    ['a deadlock', abba(), 1, { thread: 'first', step: 'lock b' }],
  ])('of %s', (_, small, step, instead) => {
    expect(pointOfNoReturn(replayedOf(small))).toEqual({ step, instead, openFrom: null })
  })

  it('may be a step of a thread that never ends', () => {
    const { steps } = replayedOf(zapVersusEnter())
    const point = pointOfNoReturn(replayedOf(zapVersusEnter()))
    expect(point).toEqual({ step: 3, instead: { thread: 'zap', step: 'ZAP.3' }, openFrom: null })
    expect(steps[3].located.path).toBe('RUN.2')
  })

  it('of a goal is the step that puts it out of reach', () => {
    const fresh: Property<{ stale: boolean; faults: number }> = {
      id: 'can-finish',
      kind: 'progress',
      title: 'The fault can finish.',
      goal: (w) => w.faults === 1 || !w.stale,
    }
    expect(pointOfNoReturn(replayedOf(asking(spinner(), fresh)))).toMatchObject({ step: 0, openFrom: null })
  })

  it('is none where nothing else can happen', () => {
    const never: Property<{ counter: number }> = {
      id: 'never-one',
      kind: 'invariant',
      title: 'The counter is never 1.',
      holds: (w) => w.counter !== 1,
    }
    expect(pointOfNoReturn(replayedOf(asking(lostUpdate(1), never)))).toEqual({
      step: null,
      instead: null,
      openFrom: null,
    })
  })

  it('is open where a bound ended the exploration', () => {
    const point = pointOfNoReturn(replayedOf(lostUpdate(3)), { each: 1, all: 100 })
    expect(point?.openFrom).toBe(4)
  })

  it('is not defined for a witness', () => {
    const seen: Property<{ counter: number }> = {
      id: 'w',
      kind: 'witness',
      title: 'W.',
      seen: (w) => w.counter === 1,
    }
    expect(pointOfNoReturn(replayedOf(asking(lostUpdate(2), seen)))).toBeNull()
  })
})
