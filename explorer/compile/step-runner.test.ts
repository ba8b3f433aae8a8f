import { describe, expect, test } from 'vitest'
import { program, step } from '../../model/language/program.ts'
import type { ActionProperty } from '../../model/language/property.ts'
import { flag, range, struct, type View } from '../../model/language/shapes.ts'
import { compose, one, type System } from '../../model/language/system.ts'
import { breadthFirst } from '../search/breadth-first.ts'
import { StepRunner } from './step-runner.ts'
import { type CompiledStep, stepTable } from './step-table.ts'

const world = struct({ x: range(0, 4), y: range(0, 4), z: range(0, 4), lamp: flag })
type World = View<typeof world>

/** Counts x, y and z up in any order; a second thread switches a lamp, which has nothing to do with them. */
function lampBesideCounters(): System {
  const counter = (name: 'x' | 'y' | 'z') =>
    one(
      program<World>(`counts ${name}`, 'counts to four', [
        step(
          'up',
          { rests: true },
          {
            when: (w) => w[name] < 4,
            does: (w) => {
              w[name]++
            },
            to: 'up',
          },
        ),
      ]),
    )
  const lamp = program<World>('lamp', 'is switched', [
    step(
      'switch',
      { rests: true },
      {
        does: (w) => {
          w.lamp = !w.lamp
        },
        to: 'switch',
      },
    ),
  ])
  return compose({
    name: 'lamp beside counters',
    world,
    threads: [counter('x'), counter('y'), counter('z'), one(lamp)],
    initial: [() => {}],
  }) as System
}

const action = (id: string, holds: (before: World, path: string) => boolean): ActionProperty<World> => ({
  kind: 'action',
  id,
  title: '',
  holds: (before, { path }) => holds(before, path),
})

/** The names of the fields read by a step on the state with all fields 0, when a property is judged. */
function readsOf(path: string, property: ActionProperty<World>): readonly string[] {
  const system = lampBesideCounters()
  const runner = new StepRunner(system, [property] as unknown as ActionProperty<never>[])
  const found = stepTable(system).find((s) => s.path === path) as CompiledStep
  const { recorder } = runner
  recorder.base.set(system.initial[0])
  expect(runner.run(found).kind).toBe('moved')
  expect([...recorder.base]).toEqual([...system.initial[0]])
  return recorder.reads.map((f) => system.layout.fields[f].path.replace('world.', ''))
}

describe('fields that only an action property reads', () => {
  // The counters have five values each: three of them have more than are tried, two have not.
  test.each([
    ['three', (w: World) => w.x + w.y + w.z === 12, 13],
    ['two', (w: World) => w.x + w.y === 8, 9],
    ['one', (w: World) => w.x === 4, 5],
  ] as const)('and on which its answer depends count, %s of them', (_, bad, length) => {
    const { properties } = breadthFirst(lampBesideCounters() as System<World>, [
      action('p', (w, path) => !bad(w) || path !== 'switch'),
    ])
    expect([properties[0].verdict, properties[0].trace?.steps.length]).toEqual(['violated', length])
  })

  test.each<[string, (w: World) => boolean, readonly string[]]>([
    ['nothing', () => true, []],
    ['one field, to no purpose', (w) => w.x >= 0, []],
    ['two fields, to no purpose', (w) => w.x + w.y >= 0, []],
    ['two fields, of which one decides', (w) => w.x >= 0 && w.y < 4, ['x', 'y']],
    ['three fields, too many to try', (w) => w.x + w.y + w.z >= 0, ['x', 'y', 'z']],
    ['one field after another that decides', (w) => w.x < 4 || w.y < 4, ['x']],
    [
      'a field with a value on which the code fails',
      (w) => {
        if (w.z === 3) throw new Error('cannot be')
        return true
      },
      ['z'],
    ],
  ])('%s', (_, holds, reads) => {
    const own = readsOf(
      'switch',
      action('nothing', () => true),
    )
    expect(readsOf('switch', action('p', holds))).toEqual([...own, ...reads])
  })

  test('64 values are tried, and not one more', () => {
    for (const [values, forgotten] of [
      [65, true],
      [66, false],
    ] as const) {
      const wide = struct({ wide: range(0, values - 1) })
      const idle = program<View<typeof wide>>('idle', 'does nothing', [step('stay', {}, { to: 'stay' })])
      const system = compose({ name: 'wide', world: wide, threads: [one(idle)], initial: [() => {}] })
      const property = { kind: 'action', id: 'p', title: '', holds: (w: View<typeof wide>) => w.wide >= 0 }
      const runner = new StepRunner(system as System, [property] as never)
      runner.recorder.base.set(system.initial[0])
      runner.run(stepTable(system as System)[0])
      expect(runner.recorder.reads).toEqual(forgotten ? [] : [0])
    }
  })
})
