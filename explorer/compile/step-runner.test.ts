import { describe, expect, it } from 'vitest'
import { ModelError } from '../../model/language/errors.ts'
import { type Case, program, step } from '../../model/language/program.ts'
import { type ActionProperty, Oops } from '../../model/language/property.ts'
import { flag, range, struct, type View } from '../../model/language/shapes.ts'
import { compose, one, type System } from '../../model/language/system.ts'
import { breadthFirst } from '../search/breadth-first.ts'
import { NondeterministicRead } from './decision-trees.ts'
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
          { validEnd: true },
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
      { validEnd: true },
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
  })
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
  it.each([
    ['three', (w: World) => w.x + w.y + w.z === 12, 13],
    ['two', (w: World) => w.x + w.y === 8, 9],
    ['one', (w: World) => w.x === 4, 5],
  ] as const)('and on which its value depends count, %s of them', (_, bad, length) => {
    const { properties } = breadthFirst(lampBesideCounters() as System<World>, [
      action('p', (w, path) => !bad(w) || path !== 'switch'),
    ])
    expect([properties[0].verdict, properties[0].trace?.steps.length]).toEqual(['violated', length])
  })

  it.each<[string, (w: World) => boolean, readonly string[]]>([
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

  it('64 values are tried, and not one more', () => {
    for (const [values, forgotten] of [
      [65, true],
      [66, false],
    ] as const) {
      const wide = struct({ wide: range(0, values - 1) })
      const idle = program<View<typeof wide>>('idle', 'does nothing', [step('stay', {}, { to: 'stay' })])
      const system = compose({ name: 'wide', world: wide, threads: [one(idle)], initial: [() => {}] })
      const property = { kind: 'action', id: 'p', title: '', holds: (w: View<typeof wide>) => w.wide >= 0 }
      const runner = new StepRunner(system, [property] as never)
      runner.recorder.base.set(system.initial[0])
      runner.run(stepTable(system)[0])
      expect(runner.recorder.reads).toEqual(forgotten ? [] : [0])
    }
  })
})

describe('a run', () => {
  const numbers = struct({ a: range(0, 9), b: range(0, 9) })
  type Numbers = View<typeof numbers>

  /** Runs a step with these cases, from a = 1 and b = 2, and once more. */
  function runOf(cases: readonly Case<Numbers>[], actions: readonly Partial<ActionProperty<Numbers>>[] = []) {
    const threads = [one(program<Numbers>('thread', 'does one step', [step('go', {}, [...cases])]))]
    const initial = (w: Numbers): void => {
      w.a = 1
      w.b = 2
    }
    const system = compose({ name: 'numbers', world: numbers, threads, initial: [initial] })
    const properties = actions.map((given, n) => {
      return { kind: 'action', id: `p${n}`, title: '', holds: () => true, ...given }
    })
    const runner = new StepRunner(system, properties as never)
    const { recorder } = runner
    recorder.base.set(system.initial[0])
    const [found] = stepTable(system)
    const run = runner.run(found)
    const nowOf = () => [...recorder.now]
    const after = { now: nowOf(), reads: [...recorder.reads], writes: [...recorder.writes] }
    expect(runner.run(found)).toEqual(run)
    expect(nowOf()).toEqual(after.now)
    return { run, ...after, runner, step: found, counter: system.threads[0].counter.index }
  }
  const put = (b: number): Case<Numbers> => ({
    does: (w) => {
      w.b = b
    },
  })

  it('takes the first case whose guard holds, and moves the thread', () => {
    const { run, now, reads, writes, counter } = runOf([
      { when: (w) => w.a === 2, ...put(7) },
      { when: (w) => w.a === 1, ...put(8), to: 'go' },
      put(9),
    ])
    expect(run).toEqual({ kind: 'moved', violated: 0, antecedent: 0 })
    expect([now[0], now[1], reads, writes]).toEqual([1, 8, [0, 1], [1]])
    expect(now[counter]).toBe(0)
    expect(runOf([put(9)]).now[counter]).toBe(1)
  })

  it('of a step whose guards all fail changes nothing', () => {
    const { run, now, reads, writes } = runOf([{ when: (w) => w.a === 2, ...put(7) }])
    expect(run).toEqual({ kind: 'disabled' })
    expect([now.slice(0, 2), reads, writes]).toEqual([[1, 2], [0], []])
  })

  it('that ends in a fault leaves the state as it was', () => {
    const fault = new Oops('forbidden', 'on purpose')
    const { run, now, writes } = runOf([
      {
        does: (w) => {
          w.b = 5
          throw fault
        },
      },
    ])
    expect(run).toEqual({ kind: 'fault', fault })
    expect([now.slice(0, 2), writes]).toEqual([[1, 2], []])
  })

  it('says which action properties it concerns and which it violates, a bit each', () => {
    const seen: unknown[] = []
    const { run } = runOf(
      [put(4)],
      [
        {},
        { holds: () => false },
        { given: () => false, holds: () => false },
        { given: (before, _, after) => before.b === 2 && after.b === 4, holds: () => true },
        { holds: (before, _, after) => before.b === after.b },
        {
          holds: (_, view) => {
            seen.push(view)
            return true
          },
        },
      ],
    )
    expect(run).toEqual({ kind: 'moved', violated: 0b010010, antecedent: 0b111011 })
    expect(seen[0]).toEqual({ kind: 'thread', self: 0, path: 'go' })
  })

  it('in which a guard or a property writes is refused, and the step or property named', () => {
    const writing = (w: Numbers): boolean => {
      w.b = 3
      return true
    }
    const frozen = 'a guard or property writes to the state; only effects may'
    const ofStep = new ModelError(`numbers: step go of thread: ${frozen}`)
    const ofProperty = (what: string) => new ModelError(`numbers: property p0: ${what} (holds)`)
    expect(() => runOf([{ when: writing }])).toThrow(ofStep)
    expect(() => runOf([{ when: () => false, ...put(1) }, { when: writing }])).toThrow(ofStep)
    expect(() => runOf([put(1)], [{ holds: (_, __, after) => writing(after) }])).toThrow(ofProperty(frozen))
    expect(() => runOf([put(1)], [{ holds: writing }])).toThrow(ofProperty('a property writes to the state'))
  })

  it('that fails for another reason names the step', () => {
    const failing = (error: unknown) => () =>
      runOf([
        {
          does: () => {
            throw error
          },
        },
      ])
    expect(failing(new Error('no such page'))).toThrow('numbers: step go of thread: no such page')
    expect(failing('thrown as text')).toThrow('numbers: step go of thread: thrown as text')
    const { runner, step: found } = runOf([{}])
    expect(runner.wrong(found, new NondeterministicRead('world.a')).message).toBe(
      'numbers: step go of thread: is not a function of the state: it reads world.a on a state on which it read something else before',
    )
  })
})
