import { choice, program, step } from '../../model/language/program.ts'
import { array, flag, id, sort, struct, type View } from '../../model/language/shapes.ts'
import { compose, each, type System } from '../../model/language/system.ts'

/**
 * Peterson's algorithm for two processes, as in TLA+ Examples' Peterson. The wait at `a3` is a disjunction;
 * TLC generates a successor for each disjunct that holds, so each is a separate step here.
 */
export function peterson(): System {
  const proc = sort('proc', 2)
  const world = struct({ wants: array(proc, flag), turn: id(proc) })
  type World = View<typeof world>
  const other = (self: number): number => 1 - self

  const process = program<World>('proc', 'a process', [
    step('a0', { shows: 'leave the non-critical section' }),
    step(
      'a1',
      { shows: 'want to enter' },
      {
        does: (w, self) => {
          w.wants[self] = true
        },
      },
    ),
    step(
      'a2',
      { shows: 'give way' },
      {
        does: (w, self) => {
          w.turn = other(self)
        },
      },
    ),
    choice('a3', [
      step(
        'a3-other-out',
        { shows: 'the other does not want' },
        { when: (w, self) => !w.wants[other(self)] },
      ),
      step('a3-my-turn', { shows: 'my turn' }, { when: (w, self) => w.turn === self }),
    ]),
    step('cs', { shows: 'critical section' }),
    step(
      'a4',
      { shows: 'leave' },
      {
        does: (w, self) => {
          w.wants[self] = false
        },
        to: 'a0',
      },
    ),
  ])
  return compose({
    name: 'peterson-2',
    world,
    threads: [each(proc, process)],
    initial: [() => {}],
  })
}
