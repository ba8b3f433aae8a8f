import fc from 'fast-check'
import { expect, it } from 'vitest'
import { PREDICATE_VALUE } from '../compile/predicates.ts'
import { SIZES } from '../state/sizes.ts'
import { GoalFlags } from './goal-flags.ts'

const { holds, fails, vacuous } = PREDICATE_VALUE

it('remembers which goals hold in which state, of any number of goals, with and without a valuation', () => {
  fc.assert(
    fc.property(
      fc.uniqueArray(fc.nat(30), { minLength: 1, maxLength: 20 }),
      fc.array(fc.array(fc.constantFrom(holds, fails, vacuous), { minLength: 31, maxLength: 31 }), {
        minLength: 1,
        maxLength: 6,
      }),
      fc.array(fc.tuple(fc.nat(5), fc.boolean()), { minLength: 1, maxLength: 60 }),
      (goals, valuations, states) => {
        const flags = new GoalFlags(goals)
        const valuesOf = (n: number): readonly number[] => valuations[n % valuations.length]
        states.forEach(([n, isNumbered], id) => {
          const valuation = n % valuations.length
          if (isNumbered) flags.mark(id, 1 + valuation, valuesOf(n))
          else flags.markBy(id, (q) => valuesOf(n)[q])
        })
        for (const goal of goals) {
          expect([...flags.statesOf(goal, states.length)].map(Boolean)).toEqual(
            states.map(([n]) => valuesOf(n)[goal] === holds),
          )
        }
      },
    ),
    { numRuns: 50 },
  )
})

it('has room for every state, and no goal where there is none', () => {
  const flags = new GoalFlags([0])
  flags.mark(3 * SIZES.array, 1, [holds])
  flags.mark(3 * SIZES.array + 1, 2, [fails])
  const marked = flags.statesOf(0, 3 * SIZES.array + 2)
  expect([marked[3 * SIZES.array], marked[3 * SIZES.array + 1], marked[0]]).toEqual([1, 0, 0])
  expect([flags.any, new GoalFlags([]).any]).toEqual([true, false])
  expect(flags.bytes).toBeGreaterThan(3 * SIZES.array)
})
