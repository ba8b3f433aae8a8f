import { describe, expect, it } from 'vitest'
import { program, step } from '../../../model/language/program.ts'
import type { Property } from '../../../model/language/property.ts'
import { array, flag, ref, sort, struct, type View } from '../../../model/language/shapes.ts'
import { compose, each } from '../../../model/language/system.ts'
import { breadthFirst } from '../../search/breadth-first.ts'

const cpu = sort('cpu', 3)
const shape = struct({ lock: ref(cpu), bad: array(cpu, flag) })
type World = View<typeof shape>

/** The holder of the lock may not be bad; it becomes so after some steps that the property does not look at. */
const property: Property<World> = {
  kind: 'invariant',
  id: 'holder-is-good',
  title: '',
  holds: (w) => w.lock === null || !w.bad[w.lock],
}

// In some of these steps the holder gets another name, as its program counter moves it up or down the order. The
// property was never evaluated on it under that name, so no footprint has its fields.
describe('all predicates are evaluated on a renamed state', () => {
  it.each(Array.from({ length: 12 }, (_, between) => between))('after %i steps', (between) => {
    const path = Array.from({ length: between }, (_, n) => step<World>(`walk.${n}`, {}, {}))
    const system = compose({
      name: 'holder',
      world: shape,
      threads: [
        each(
          cpu,
          program<World>('cpu', 'a processor', [
            step<World>(
              'grab',
              { validEnd: true },
              {
                when: (w) => w.lock === null,
                does: (w, v) => {
                  w.lock = v
                },
              },
            ),
            ...path,
            step<World>(
              'spoil',
              {},
              {
                does: (w, v) => {
                  w.bad[v] = true
                },
              },
            ),
          ]),
        ),
      ],
      initial: [() => {}],
      symmetric: [cpu],
    })
    const full = breadthFirst(system, [property])
    const reduced = breadthFirst(system, [property], { reduce: 'symmetry' })
    expect(reduced.properties[0].trace?.steps).toHaveLength(between + 2)
    expect(reduced.properties[0].verdict).toBe(full.properties[0].verdict)
    expect(reduced.reduction.symmetry?.represented).toBe(full.states)
  })
})
