import { expect, it } from 'vitest'
import { choice, program, step } from '../../model/language/program.ts'
import { range, struct, type View } from '../../model/language/shapes.ts'
import { compose, one } from '../../model/language/system.ts'
import { breadthFirst } from '../search/breadth-first.ts'

const COUNT = 12_000
const world = struct({ low: range(0, 99), high: range(0, 199) })
type World = View<typeof world>

/** A system whose first state has more successors than twice the slots of a new table. */
const fan = compose({
  name: 'fan',
  world,
  threads: [
    one(
      program<World>('fan', 'goes one of many ways', [
        choice(
          'go',
          Array.from({ length: COUNT }, (_, n) =>
            step<World>(
              `go ${n}`,
              {},
              {
                does: (w) => {
                  w.low = n % 100
                  w.high = Math.floor(n / 100)
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

it.each([
  ['exact', 64],
  ['fingerprint', 64],
  ['fingerprint', 128],
] as const)('a state with very many successors, in %s storage of %i bits', (storage, fingerprintBits) => {
  const { states, complete } = breadthFirst(fan, [], { storage, fingerprintBits })
  expect(states).toBe(COUNT + 1)
  expect(complete).toBe(true)
})
