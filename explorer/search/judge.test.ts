import { describe, expect, test } from 'vitest'
import { ModelError } from '../../model/language/errors.ts'
import { choice, program, step } from '../../model/language/program.ts'
import type { Property } from '../../model/language/property.ts'
import { range, struct, type View } from '../../model/language/shapes.ts'
import { compose, one } from '../../model/language/system.ts'
import { breadthFirst } from './breadth-first.ts'
import { searchRandom } from './random/search-random.ts'

/** As many action properties as can be checked at once: one bit of a record each. */
const MOST_ACTIONS = 31

const world = struct({ n: range(0, MOST_ACTIONS) })
type World = View<typeof world>

/** From 0, step k leads to k + 1, where it ends. */
const fan = compose({
  name: 'fan',
  world,
  threads: [
    one(
      program<World>('fan', 'chooses a number', [
        choice(
          'choose',
          Array.from({ length: MOST_ACTIONS }, (_, k) =>
            step<World>(
              `to ${k + 1}`,
              {},
              {
                does: (w) => {
                  w.n = k + 1
                },
              },
            ),
          ),
        ),
      ]),
    ),
  ],
  initial: [() => {}],
})

/** Concerns the steps to `n` and to all larger numbers, and is violated by the step to `n`. */
const notTo = (n: number): Property<World> => ({
  kind: 'action',
  id: `not-to-${n}`,
  title: '',
  given: (_, __, after) => after.n >= n,
  holds: (_, __, after) => after.n !== n,
})

describe('each of 31 action properties', () => {
  const all = Array.from({ length: MOST_ACTIONS }, (_, k) => notTo(k + 1))

  test('is reported by the step that violates it, and counts the steps it concerns', () => {
    for (const reduce of ['none', 'por'] as const) {
      const { properties } = breadthFirst(fan, all, { reduce })
      expect(
        properties.map(({ property, verdict, antecedent, trace }) => ({
          id: property.id,
          verdict,
          antecedent,
          steps: trace?.steps.map((s) => s.step),
        })),
      ).toEqual(
        all.map(({ id }, k) => ({
          id,
          verdict: 'violated',
          antecedent: MOST_ACTIONS - k,
          steps: [`to ${k + 1}`],
        })),
      )
    }
  })

  test('is judged apart from the others', () => {
    for (const [k, property] of all.entries()) {
      const others = all.map((p, n) => (n === k ? p : { ...p, holds: () => true }))
      const violated = breadthFirst(fan, others as Property<World>[])
        .properties.filter(({ verdict }) => verdict === 'violated')
        .map(({ property: { id } }) => id)
      expect(violated).toEqual([property.id])
    }
  })

  test('is seen by a sample', () => {
    const { properties } = searchRandom(fan, all, { method: 'walks', walks: 20 })
    expect(properties.map(({ verdict }) => verdict)).toEqual(all.map(() => 'violated'))
  })

  test('and a 32nd is refused, not forgotten', () => {
    expect(() => breadthFirst(fan, [...all, notTo(0)])).toThrow(
      new ModelError('at most 31 action properties can be checked at once'),
    )
  })
})
