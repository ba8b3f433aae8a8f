import { expect, it } from 'vitest'
import { program, step } from '../../model/language/program.ts'
import { flag, struct, type View } from '../../model/language/shapes.ts'
import { compose, one } from '../../model/language/system.ts'
import { breadthFirst } from './breadth-first.ts'

it('a predicate whose footprint grows is evaluated after steps that could not change it before', () => {
  // While `armed` is false the property never looks at `lit`, so switching the light needs no new value;
  // once it is true the same transition record of the same step does.
  const world = struct({ armed: flag, lit: flag })
  type World = View<typeof world>
  const switcher = program<World>('switcher', 'switches the light', [
    step(
      'switch',
      { validEnd: true },
      {
        does: (w) => {
          w.lit = !w.lit
        },
        to: 'switch',
      },
    ),
  ])
  const armer = program<World>('armer', 'arms in the dark', [
    step(
      'arm',
      {},
      {
        when: (w) => !w.lit,
        does: (w) => {
          w.armed = true
        },
      },
    ),
  ])
  const system = compose({ name: 'lamp', world, threads: [one(switcher), one(armer)], initial: [() => {}] })
  const result = breadthFirst(system, [
    { kind: 'invariant', id: 'dark-once-armed', title: '', holds: (w) => !(w.armed && w.lit) },
    { kind: 'invariant', id: 'given-armed', title: '', given: (w) => w.armed && w.lit, holds: () => true },
  ])
  expect(result.states).toBe(4)
  expect(result.properties.map((p) => p.verdict)).toEqual(['violated', 'holds'])
  expect(result.properties.map((p) => p.antecedent)).toEqual([4, 1])
  expect(result.properties[0].trace?.steps.map((s) => s.step)).toEqual(['arm', 'switch'])
})
