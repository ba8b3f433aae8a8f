import { program, step } from '../../model/language/program.ts'
import { array, flag, id, sort, struct, type View } from '../../model/language/shapes.ts'
import { compose, each, type System } from '../../model/language/system.ts'

/**
 * Chandy and Misra's dining philosophers (1984) as in TLA+ Examples' DiningPhilosophers: a dirty fork is
 * cleaned and handed to the neighbour, eating takes two clean forks. They sit in a ring and are not
 * interchangeable.
 */
export function diningPhilosophers(size: number): System {
  const philosopher = sort('philosopher', size)
  const world = struct({
    /** Fork p lies to the left of philosopher p. */
    fork: array(philosopher, struct({ holder: id(philosopher), clean: flag })),
    hungry: array(philosopher, flag),
  })
  type World = View<typeof world>
  const next = (p: number): number => (p + 1) % size
  const previous = (p: number): number => (p + size - 1) % size
  const dirtyIn = (w: World, p: number, fork: number): boolean =>
    w.fork[fork].holder === p && !w.fork[fork].clean
  const cleanIn = (w: World, p: number, fork: number): boolean =>
    w.fork[fork].holder === p && w.fork[fork].clean

  const handOver = (w: World, fork: number, to: number): void => {
    w.fork[fork].holder = to
    w.fork[fork].clean = true
  }
  /** The left fork first; at most one fork a step. */
  const handOverDirty = (w: World, p: number): void => {
    if (dirtyIn(w, p, p)) handOver(w, p, previous(p))
    else if (dirtyIn(w, p, next(p))) handOver(w, next(p), next(p))
  }

  const diner = program<World>('philosopher', 'a philosopher', [
    step('loop', { shows: 'hand over a dirty fork' }, [
      // Both forks clean: nothing to hand over.
      { when: (w, p) => w.hungry[p] && cleanIn(w, p, p) && cleanIn(w, p, next(p)), to: 'eat' },
      { when: (w, p) => w.hungry[p], does: handOverDirty, to: 'loop' },
      { does: handOverDirty, to: 'think' },
    ]),
    step(
      'eat',
      {},
      {
        does: (w, p) => {
          w.hungry[p] = false
          w.fork[p].clean = false
          w.fork[next(p)].clean = false
        },
        to: 'loop',
      },
    ),
    step(
      'think',
      {},
      {
        does: (w, p) => {
          w.hungry[p] = true
        },
        to: 'loop',
      },
    ),
  ])
  return compose({
    name: `dining-philosophers-${size}`,
    world,
    threads: [each(philosopher, diner)],
    initial: [
      (w) => {
        for (let p = 0; p < size; p++) {
          w.hungry[p] = true
          // Each fork starts with the lower-numbered of its two neighbours.
          w.fork[p].holder = p === 1 ? 0 : p
        }
      },
    ],
  })
}
