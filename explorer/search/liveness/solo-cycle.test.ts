import { describe, expect, it } from 'vitest'
import type { LivenessProperty } from '../../../model/language/property.ts'
import { at, checkLiveness, labelledTransitions, names, type World } from '../testing/labelled-transitions.ts'

describe('no solo cycle', () => {
  const alone = (kind: string, ...goals: number[]): LivenessProperty<World> => ({
    kind: 'no-solo-cycle',
    id: 'no-retry-livelock',
    title: '',
    each: kind,
    goal: at(...goals),
  })

  it('finds a thread that retries forever, regardless of fairness', () => {
    const system = labelledTransitions({
      a: '0 enter 1, 1 stale 2, 2 retry 1',
      b: '2 help 3',
    })
    const result = checkLiveness(system, alone('a', 0))
    expect(result).toMatchObject({ verdict: 'violated', subject: 'a' })
    expect(names(result)).toEqual(['a.enter', 'a.stale', 'a.retry'])
    expect(result.fairness).toBeNull()
    expect(checkLiveness(system, alone('b')).verdict).toBe('holds')
  })

  it('lets a cycle pass that needs another thread, or that has the goal on it', () => {
    const system = labelledTransitions({ a: '0 go 1', b: '1 back 0' })
    expect(checkLiveness(system, alone('a')).verdict).toBe('holds')
    expect(
      checkLiveness(
        labelledTransitions({
          a: '0 go 1, 1 back 0',
        }),
        alone('a', 1),
      ).verdict,
    ).toBe('holds')
  })

  it('counts a step that changes nothing as a cycle', () => {
    expect(checkLiveness(labelledTransitions({ a: '0 spin 0' }), alone('a')).trace).toMatchObject({
      loopStart: 0,
    })
  })
})
