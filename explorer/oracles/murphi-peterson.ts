import { program, step } from '../../model/language/program.ts'
import { array, flag, id, sort, struct, type View } from '../../model/language/shapes.ts'
import { compose, each, type System } from '../../model/language/system.ts'

/**
 * Peterson's algorithm for two processes (1981) as in Murphi's mux/2_peterson. Waiting is a rule that fires
 * and changes nothing, and `turn` may be anyone's at first.
 */
export function murphiPeterson(): System {
  const pid = sort('pid', 2)
  const world = struct({ Q: array(pid, flag), turn: id(pid) })
  type World = View<typeof world>

  const process = program<World>('pid', 'a process', [
    step(
      'L0',
      { shows: 'Q[i] := true' },
      {
        does: (w, i) => {
          w.Q[i] = true
        },
      },
    ),
    step(
      'L1',
      { shows: 'turn := i' },
      {
        does: (w, i) => {
          w.turn = i
        },
      },
    ),
    step('L2', { shows: 'wait until not Q[j] or turn = j' }, [
      { when: (w, i) => !w.Q[1 - i] || w.turn === 1 - i, to: 'L3' },
      { to: 'L2' },
    ]),
    step('L3', { shows: 'critical section' }),
    step(
      'L4',
      { shows: 'Q[i] := false' },
      {
        does: (w, i) => {
          w.Q[i] = false
        },
        to: 'L0',
      },
    ),
  ])
  return compose({
    name: 'murphi-peterson-2',
    world,
    threads: [each(pid, process)],
    initial: [0, 1].map((first) => (w: World) => {
      w.turn = first
    }),
    symmetric: [pid],
  })
}
