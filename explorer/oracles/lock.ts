import type { Patch } from '../../model/language/patch.ts'
import { program, step } from '../../model/language/program.ts'
import { flag, sort, struct, type View } from '../../model/language/shapes.ts'
import { compose, each, type System } from '../../model/language/system.ts'

/** An abstract lock that `size` processes take and release forever, as in TLA+ Examples' Lock; or a patched one. */
export function lock(size: number, patches: readonly Patch<never>[] = []): System {
  const proc = sort('proc', size)
  const world = struct({ held: flag })
  type World = View<typeof world>

  const user = program<World>('proc', 'a user of the lock', [
    step('l0', { shows: 'leave the non-critical section' }),
    step(
      'l1',
      { shows: 'lock' },
      {
        when: (w) => !w.held,
        does: (w) => {
          w.held = true
        },
      },
    ),
    step('cs', { shows: 'critical section' }),
    step(
      'l2',
      { shows: 'unlock' },
      {
        does: (w) => {
          w.held = false
        },
        to: 'l0',
      },
    ),
  ])
  return compose({
    name: `lock-${size}`,
    world,
    threads: [each(proc, user)],
    initial: [() => {}],
    symmetric: [proc],
    patches: patches as readonly Patch<World>[],
  })
}
