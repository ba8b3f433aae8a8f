import { choice, program, step } from '../../model/language/program.ts'
import { array, flag, sort, struct, type View } from '../../model/language/shapes.ts'
import { compose, each, type System } from '../../model/language/system.ts'

/**
 * The dining philosophers of the Model Checking Contest (the Petri net Philosophers-PT): each takes one fork,
 * either one, then the other; eating ends with both put back. They deadlock when all took the same side.
 */
export function petriPhilosophers(size: number): System {
  const philosopher = sort('philosopher', size)
  const world = struct({ taken: array(philosopher, flag) })
  type World = View<typeof world>
  const left = (p: number): number => p
  const right = (p: number): number => (p + 1) % size
  const take = (name: string, fork: (p: number) => number, to: string) =>
    step<World>(
      name,
      {},
      {
        when: (w, p) => !w.taken[fork(p)],
        does: (w, p) => {
          w.taken[fork(p)] = true
        },
        to,
      },
    )

  const diner = program<World>('philosopher', 'a philosopher', [
    choice('think', [take('take-left', left, 'has-left'), take('take-right', right, 'has-right')]),
    take('has-left', right, 'eat'),
    take('has-right', left, 'eat'),
    step(
      'eat',
      {},
      {
        does: (w, p) => {
          w.taken[left(p)] = false
          w.taken[right(p)] = false
        },
        to: 'think',
      },
    ),
  ])
  return compose({
    name: `petri-philosophers-${size}`,
    world,
    threads: [each(philosopher, diner)],
    initial: [() => {}],
  })
}
