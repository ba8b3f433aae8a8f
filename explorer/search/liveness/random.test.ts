import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { Fairness, LivenessProperty, StatePredicate } from '../../../model/language/property.ts'
import type { System } from '../../../model/language/system.ts'
import { randomSystem } from '../../oracles/random-system.ts'
import { effort } from '../../testing/effort.ts'
import { naiveGraphOf, naiveVerdict, problemInLasso } from '../testing/naive-liveness.ts'
import { evaluateLiveness } from './liveness.ts'

type Generated = ReturnType<typeof randomSystem>
type World = Generated['system'] extends System<infer W> ? W : never

const fairnesses: readonly (readonly Fairness[] | undefined)[] = [
  undefined,
  [],
  [{ strength: 'strong', of: 'thread' }],
  [{ strength: 'weak', of: 'step' }],
  [{ strength: 'strong', of: 'step', kinds: ['single'] }],
  [
    { strength: 'weak', of: 'thread', kinds: ['worker'] },
    { strength: 'strong', of: 'step', paths: ['S.0', 'S.1'] },
  ],
]
const situations: readonly StatePredicate<World>[] = [
  (w) => w.open,
  (w) => w.level === 0,
  (w, _, self) => w.note[self] === 1,
  (_, at, self) => at.worker[self] === 'done',
  (w, at) => w.level > 1 && at.single[0] !== 'done',
  (w, _, self) => w.owner === self,
]
const situation = fc.constantFrom(...situations)
const tape = fc.array(fc.nat(999), { minLength: 20, maxLength: 90 })
const fairness = fc.constantFrom(...fairnesses)
const perThread = fc.boolean()

function properties(
  given: StatePredicate<World>,
  goal: StatePredicate<World>,
  fair: readonly Fairness[] | undefined,
  each: boolean,
): LivenessProperty<World>[] {
  const common = {
    title: '',
    ...(fair === undefined ? {} : { fairness: fair }),
    ...(each ? { each: 'worker' } : {}),
  }
  return [
    { ...common, kind: 'leads-to', id: 'leads-to', given, goal },
    { ...common, kind: 'eventually', id: 'eventually', goal },
    { ...common, kind: 'eventually-always', id: 'eventually-always', goal },
    { kind: 'no-solo-cycle', id: 'no-solo-cycle', title: '', each: 'worker', goal },
  ]
}

describe('liveness on random small systems', () => {
  const counts = new Map<string, number>()

  it('agrees with fixpoints on sets, and every lasso is a fair violation', () => {
    fc.assert(
      fc.property(tape, situation, situation, fairness, perThread, (numbers, given, goal, fair, each) => {
        const { system } = randomSystem(numbers)
        const naive = naiveGraphOf(system)
        fc.pre(naive.states.size <= 100)
        const asked = properties(given, goal, fair, each)
        for (const [n, result] of evaluateLiveness(system, asked).entries()) {
          const property = asked[n]
          const { verdict } = result
          const key = `${property.kind} ${verdict}`
          counts.set(key, (counts.get(key) ?? 0) + 1)
          expect(verdict, property.kind).toBe(naiveVerdict(naive, property))
          if (verdict === 'violated')
            expect(problemInLasso(system, property, result), property.kind).toBeNull()
        }
      }),
      { numRuns: 130, seed: 20260101 },
    )
    // Both verdicts must occur often, or the comparison shows nothing.
    for (const kind of ['leads-to', 'eventually', 'eventually-always', 'no-solo-cycle']) {
      expect(counts.get(`${kind} holds`), kind).toBeGreaterThan(10)
      expect(counts.get(`${kind} violated`), kind).toBeGreaterThan(10)
    }
  })

  it('never lets a property and its negation both hold (fizzbee 212)', () => {
    fc.assert(
      fc.property(tape, situation, fairness, (numbers, p, fair) => {
        const { system } = randomSystem(numbers)
        const common = { title: '', ...(fair === undefined ? {} : { fairness: fair }) }
        const not: StatePredicate<World> = (w, at, self) => !p(w, at, self)
        const always = (): boolean => true
        const [againP, settlesNotP, againNotP, settlesP] = evaluateLiveness(system, [
          { ...common, kind: 'leads-to', id: 'always eventually p', given: always, goal: p },
          { ...common, kind: 'eventually-always', id: 'eventually always not p', goal: not },
          { ...common, kind: 'leads-to', id: 'always eventually not p', given: always, goal: not },
          { ...common, kind: 'eventually-always', id: 'eventually always p', goal: p },
        ]).map((r) => r.verdict)
        expect([againP, settlesNotP]).not.toEqual(['holds', 'holds'])
        expect([againNotP, settlesP]).not.toEqual(['holds', 'holds'])
        // What always holds from some time on holds again and again.
        if (settlesP === 'holds') expect(againP).toBe('holds')
        if (settlesNotP === 'holds') expect(againNotP).toBe('holds')
      }),
      { numRuns: effort(30, 150), seed: 20260102 },
    )
  })
})
