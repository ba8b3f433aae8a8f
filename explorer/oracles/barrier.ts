import { setOf, sort, struct, type View } from '../../model/language/shapes.ts'
import { compose, each, one, type System } from '../../model/language/system.ts'
import { actions } from './actions.ts'

/**
 * An abstract barrier for `size` processes, as in TLA+ Examples' Barrier. All processes leave it in one
 * step, so the set of waiting processes is shared state, not program counters.
 */
export function barrier(size: number): System {
  const proc = sort('proc', size)
  const world = struct({ waiting: setOf(proc) })
  type World = View<typeof world>

  const process = actions<World>('proc', 'a process', {
    b0: { when: (w, p) => !w.waiting.has(p), does: (w, p) => w.waiting.add(p) },
  })
  const release = actions<World>('barrier', 'the barrier', {
    b1: { when: (w) => w.waiting.elements().length === size, does: (w) => w.waiting.clear() },
  })
  return compose({
    name: `barrier-${size}`,
    world,
    threads: [each(proc, process), one(release)],
    initial: [() => {}],
    symmetric: [proc],
  })
}
