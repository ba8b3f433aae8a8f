import { choice, program, step } from '../../model/language/program.ts'
import { range, struct, type View } from '../../model/language/shapes.ts'
import { compose, one, type System } from '../../model/language/system.ts'

/**
 * The example loops.pml of the SPIN distribution. SPIN sets a variable to 0 where its value is dead (its
 * option -o2 switches that off), which is what happens to `b` after its decrement.
 */
export function spinLoops(): System {
  const world = struct({ a: range(0, 2), b: range(0, 255) })
  type World = View<typeof world>
  const double = (w: World): void => {
    w.b = 2 * w.a
  }

  const loop = program<World>('loop', 'the loop', [
    step(
      'do',
      { shows: 'a = (a+1)%3' },
      {
        does: (w) => {
          w.a = (w.a + 1) % 3
        },
      },
    ),
    choice('if', [
      step('double', { shows: 'b = 2*a' }, { does: double, to: 'skip' }),
      step('double-and-accept', { shows: 'b = 2*a' }, { does: double, to: 'accept' }),
    ]),
    step('skip', {}, { to: 'progress' }),
    step('accept', {}, { to: 'progress' }),
    step(
      'progress',
      { shows: 'b--' },
      {
        does: (w) => {
          w.b = 0
        },
        to: 'do',
      },
    ),
  ])
  return compose({ name: 'spin-loops', world, threads: [one(loop)], initial: [() => {}] })
}
