import { describe, expect, it } from 'vitest'
import type { Fairness, LivenessProperty } from '../../../model/language/property.ts'
import {
  at,
  checkLiveness,
  eventually,
  labelledTransitions,
  leadsTo,
  names,
  strong,
  type World,
} from '../testing/labelled-transitions.ts'

describe('eventually', () => {
  it('holds when every way ends in the goal', () => {
    const system = labelledTransitions({
      a: '0 left 1, 0 right 2, 1 on 3, 2 on2 3',
    })
    expect(checkLiveness(system, eventually(at(3)))).toMatchObject({
      verdict: 'holds',
      antecedent: 1,
      trace: null,
    })
  })

  it('is violated by stopping in a state without steps; the loop has no step', () => {
    const system = labelledTransitions({
      a: '0 right 2, 0 left 1, 2 on 3',
    })
    const result = checkLiveness(system, eventually(at(3)))
    expect(names(result)).toEqual(['a.left'])
    expect(result.trace?.loopStart).toBe(1)
    expect(result.fairness).toEqual([{ constraint: 'weak fairness of a', because: 'not owed after step 1' }])
  })

  it('sees a way without the goal that joins a way with it (stateright 3, first case)', () => {
    // 3 is found first by way of the goal 1; by way of 2 the goal never holds.
    const system = labelledTransitions({
      a: '0 good 1, 0 bad 2, 1 join 3, 2 join2 3',
    })
    expect(names(checkLiveness(system, eventually(at(1))))).toEqual(['a.bad', 'a.join2'])
  })

  it('sees a cycle without the goal (stateright 3, second case)', () => {
    const system = labelledTransitions({
      a: '0 in 1, 1 round 2, 2 round2 1, 2 out 3',
    })
    const result = checkLiveness(system, eventually(at(3)))
    expect(names(result)).toEqual(['a.in', 'a.round', 'a.round2'])
    expect(result.trace?.loopStart).toBe(1)
  })

  it('lets go of a cycle that is not fair', () => {
    const system = labelledTransitions({ a: '0 spin 0', b: '0 go 1' })
    expect(checkLiveness(system, eventually(at(1))).verdict).toBe('holds')
    expect(
      checkLiveness(system, eventually(at(1), [{ strength: 'weak', of: 'thread', kinds: ['a'] }])),
    ).toMatchObject({
      verdict: 'violated',
      fairness: [{ constraint: 'weak fairness of a', because: 'taken in step 1' }],
    })
  })

  it('counts standing still where nothing owes a step (tla-rs 59, 62)', () => {
    const system = labelledTransitions({ a: '0 go 1' })
    expect(checkLiveness(system, eventually(at(1))).verdict).toBe('holds')
    const result = checkLiveness(system, eventually(at(1), []))
    expect(result.verdict).toBe('violated')
    expect(result.trace).toEqual({ initial: 0, steps: [], loopStart: 0 })
  })
})

describe('leads-to', () => {
  it('asks for the goal after every given state, also after a goal', () => {
    const once = labelledTransitions({
      a: '0 ask 1, 1 get 2, 2 ask2 3',
    })
    const result = checkLiveness(once, leadsTo(at(1, 3), at(2)))
    expect(names(result)).toEqual(['a.ask', 'a.get', 'a.ask2'])
    expect(result.antecedent).toBe(2)
    expect(checkLiveness(once, leadsTo(at(1), at(2))).verdict).toBe('holds')
  })

  it('is vacuous, and says so, when nothing is ever given', () => {
    expect(checkLiveness(labelledTransitions({ a: '0 go 1' }), leadsTo(at(7), at(8)))).toMatchObject({
      verdict: 'vacuous',
      antecedent: 0,
    })
  })

  it('decides fairness by the edges in a component, not by its states (tlaplus 201)', () => {
    // Both steps go from 0 to 1; a cycle through `other` alone passes the same states but does not take `go`.
    const system = labelledTransitions({
      a: '0 go 1, 0 other 1, 1 back 0',
    })
    const fair: readonly Fairness[] = [{ strength: 'strong', of: 'step', paths: ['go'] }]
    const result = checkLiveness(system, leadsTo(at(0), at(5), fair))
    expect(names(result)).toContain('a.go')
    expect(result.fairness).toEqual([{ constraint: 'strong fairness of a go', because: 'taken in step 1' }])
  })

  it('does not take an edge that leaves the part for one inside it', () => {
    // 1 -> 2 leaves {0, 1} for good, although the goal is not reached there either.
    const system = labelledTransitions({
      a: '0 there 1, 1 back 0',
      b: '1 leave 2, 0 leave0 2, 2 end 3',
    })
    expect(checkLiveness(system, eventually(at(3))).verdict).toBe('holds')
    expect(checkLiveness(system, eventually(at(4))).trace?.loopStart).toBe(2)
  })

  it('finds a weakly fair cycle in which a thread is blocked in one state only (Spin 6.1.0)', () => {
    const ring = '0 r0 1, 1 r1 2, 2 r2 3, 3 r3 0'
    const exits = '0 e0 9, 1 e1 9, 2 e2 9'
    const result = checkLiveness(labelledTransitions({ ring, exits }), eventually(at(9)))
    expect(result.fairness).toContainEqual({
      constraint: 'weak fairness of exits',
      because: 'not owed after step 3',
    })
    expect(checkLiveness(labelledTransitions({ ring, exits }), eventually(at(9), strong)).verdict).toBe(
      'holds',
    )
    const everywhere = `${exits}, 3 e3 9`
    expect(checkLiveness(labelledTransitions({ ring, exits: everywhere }), eventually(at(9))).verdict).toBe(
      'holds',
    )
  })

  it('walks all of a figure of eight when fairness asks for both halves (tla-rs 63, 64)', () => {
    const system = labelledTransitions({
      hub: '0 up 1, 0 down 2',
      upper: '1 home 0',
      lower: '2 home 0',
    })
    const fair: readonly Fairness[] = [{ strength: 'strong', of: 'step' }]
    const result = checkLiveness(system, leadsTo(at(0), at(9), fair))
    expect(new Set(names(result))).toEqual(new Set(['hub.up', 'upper.home', 'hub.down', 'lower.home']))
    expect(result.fairness).toHaveLength(4)
  })

  it('searches what is left of an unfair part again (Streett)', () => {
    // {0,1,2,3} fails strong fairness of b, enabled at 3 only; the cycle {0,1} without 3 is fair.
    const a = '0 to1 1, 1 to0 0, 1 to2 2, 2 to3 3, 3 to0b 0'
    const b = '3 out 9'
    const result = checkLiveness(labelledTransitions({ a, b }), eventually(at(9), strong))
    expect(names(result)).toEqual(['a.to1', 'a.to0'])
    expect(result.fairness).toContainEqual({
      constraint: 'strong fairness of b',
      because: 'never owed in the loop',
    })
  })
})

describe('the loop', () => {
  it('owes a strong constraint also what only the way back enables', () => {
    const system = labelledTransitions({
      a: '0 a0 1, 1 a1 2, 2 a2 0',
      w: '0 out 9',
      s: '2 s2 0',
    })
    const fair: readonly Fairness[] = [
      { strength: 'weak', of: 'thread', kinds: ['a', 'w'] },
      { strength: 'strong', of: 'thread', kinds: ['s'] },
    ]
    expect(names(checkLiveness(system, eventually(at(9), fair)))).toContain('s.s2')
  })
})

describe('eventually always', () => {
  it('and its negation do not both hold (fizzbee 212)', () => {
    const system = labelledTransitions({
      a: '0 on 1, 1 off 0',
    })
    const stays = (goal: (w: World) => boolean): LivenessProperty<World> => ({
      kind: 'eventually-always',
      id: 'stays',
      title: '',
      goal,
    })
    expect(checkLiveness(system, stays(at(1))).verdict).toBe('violated')
    expect(checkLiveness(system, stays(at(0))).verdict).toBe('violated')
    expect(checkLiveness(system, stays(at(0, 1))).verdict).toBe('holds')
    expect(checkLiveness(labelledTransitions({ a: '0 on 1' }), stays(at(1))).verdict).toBe('holds')
  })
})
