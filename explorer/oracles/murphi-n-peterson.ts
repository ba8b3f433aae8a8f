import { program, step } from '../../model/language/program.ts'
import { array, range, ref, sort, struct, type View } from '../../model/language/shapes.ts'
import { compose, each, type System } from '../../model/language/system.ts'
import { idsOf } from './actions.ts'

/**
 * Peterson's algorithm for `size` processes (1981) as in Murphi's mux/n_peterson. Waiting is a rule that
 * fires and changes nothing; leaving sets Q to 1, not to 0, as the Murphi text does.
 */
export function murphiNPeterson(size: number): System {
  const pid = sort('pid', size)
  const priority = range(0, size)
  const world = struct({
    Q: array(pid, priority),
    /** By priority; undefined at first. */
    turn: array(size + 1, ref(pid)),
    j: array(pid, priority),
  })
  type World = View<typeof world>
  const mayPass = (w: World, i: number): boolean =>
    w.turn[w.j[i]] !== i || idsOf(pid).every((k) => k === i || w.Q[k] < w.j[i])
  const nextPriority = (w: World, i: number): void => {
    w.j[i] = w.j[i] + 1
  }

  const process = program<World>('pid', 'a process', [
    step(
      'L0',
      { shows: 'j := 1' },
      {
        does: (w, i) => {
          w.j[i] = 1
        },
      },
    ),
    step(
      'L1',
      { shows: 'Q[i] := j' },
      {
        does: (w, i) => {
          w.Q[i] = w.j[i]
        },
      },
    ),
    step(
      'L2',
      { shows: 'turn[j] := i' },
      {
        does: (w, i) => {
          w.turn[w.j[i]] = i
        },
      },
    ),
    step('L3', { shows: 'wait until all others are below j or turn[j] is not i' }, [
      { when: (w, i) => mayPass(w, i) && w.j[i] + 1 < size, does: nextPriority, to: 'L1' },
      { when: mayPass, does: nextPriority, to: 'L4' },
      { to: 'L3' },
    ]),
    step(
      'L4',
      { shows: 'critical section; Q[i] := 1' },
      {
        does: (w, i) => {
          w.Q[i] = 1
        },
        to: 'L0',
      },
    ),
  ])
  return compose({
    name: `murphi-n-peterson-${size}`,
    world,
    threads: [each(pid, process)],
    initial: [() => {}],
    symmetric: [pid],
  })
}
