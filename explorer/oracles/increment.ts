import { program, step } from '../../model/language/program.ts'
import { array, range, sort, struct, type View } from '../../model/language/shapes.ts'
import { compose, each, type System } from '../../model/language/system.ts'

/** Threads that increment a shared counter without a lock, as in Stateright's increment example. */
export function increment(size: number): System {
  const thread = sort('thread', size)
  const world = struct({ shared: range(0, size), local: array(thread, range(0, size)) })
  type World = View<typeof world>

  const incrementer = program<World>('thread', 'a thread', [
    step(
      'read',
      {},
      {
        does: (w, t) => {
          w.local[t] = w.shared
        },
      },
    ),
    step(
      'write',
      {},
      {
        does: (w, t) => {
          w.shared = w.local[t] + 1
        },
      },
    ),
  ])
  return compose({
    name: `increment-${size}`,
    world,
    threads: [each(thread, incrementer)],
    initial: [() => {}],
    symmetric: [thread],
  })
}
