import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { isChanged } from '../../model/language/changes.ts'
import { program, step } from '../../model/language/program.ts'
import type { ActionProperty } from '../../model/language/property.ts'
import { flag, range, struct, type View } from '../../model/language/shapes.ts'
import { compose, one, type System } from '../../model/language/system.ts'
import { randomSystem } from '../oracles/random-system.ts'
import { effort } from '../testing/effort.ts'
import { StepRunner } from './step-runner.ts'
import { stepTable } from './step-table.ts'

/** Action properties that read what they find in several places, before a step and after it. */
function propertiesFrom(tape: readonly number[], system: System): ActionProperty<never>[] {
  const { fields } = system.layout
  const pick = (n: number, below: number): number => (tape[n % tape.length] ?? 0) % below
  return Array.from({ length: 3 }, (_, p) => ({
    kind: 'action' as const,
    id: `p${p}`,
    title: '',
    holds: ((before: object, _step: unknown, after: object) => {
      const read = (n: number): number => {
        const field = fields[pick(p * 7 + n, fields.length)]
        return valueAt(n % 2 === 0 ? before : after, field.path)
      }
      const part = ['note', 'seen'][pick(p * 7 + 6, 2)] === 'note' ? 'note' : null
      if (part !== null && pick(p * 7 + 4, 2) === 0 && isChanged(partOf(before, part), partOf(after, part)))
        return read(1) >= 0
      const first = read(0)
      if (pick(p * 7 + 5, 3) === 0) return first + read(1) >= 0
      return first === 0 ? read(2) + read(3) >= 0 : read(4) !== 1
    }) as never,
  }))
}

const partOf = (world: object, name: string): object => (world as Record<string, object>)[name]

/** The encoded value at the path of a field of the world, as far as the test needs it; program counters count as 0. */
function valueAt(world: object, path: string): number {
  const found = /^world\.(\w+)(?:\[(\d)\])?$/.exec(path)
  if (found === null) return 0
  const [, name, index] = found
  const member = (world as Record<string, unknown>)[name]
  const value = index === undefined ? member : (member as Record<string, unknown>)[index]
  return typeof value === 'object' && value !== null ? 0 : Number(value)
}

describe('what an action property depends on', () => {
  it('is the same whatever steps were judged before', () => {
    let judged = 0
    let dropped = 0
    fc.assert(
      fc.property(
        fc
          .tuple(
            fc.array(fc.nat(99), { minLength: 20, maxLength: 60 }),
            fc.array(fc.nat(99), { minLength: 21, maxLength: 21 }),
          )
          .chain(([tape, choices]) => {
            const system = randomSystem(tape).system as System
            const state = fc.tuple(...system.layout.fields.map((f) => fc.nat(f.shape.size - 1)))
            return fc.tuple(
              fc.constant({ system, properties: propertiesFrom(choices, system) }),
              fc.array(state, { minLength: 1, maxLength: 30 }),
            )
          }),
        ([{ system, properties }, states]) => {
          const steps = stepTable(system)
          const old = new StepRunner(system, properties)
          for (const encoded of [...states, ...states]) {
            for (const each of steps) {
              const fresh = new StepRunner(system, properties)
              const found = [old, fresh].map((runner) => {
                runner.recorder.base.set(encoded)
                const outcome = runner.run(each)
                const { reads, base, now } = runner.recorder
                return { outcome, reads: [...reads], base: [...base], now: [...now], own: runner.ownReads }
              })
              expect(found[0]).toEqual(found[1])
              if (found[0].outcome.kind !== 'moved') continue
              judged++
              if (found[0].reads.length === found[0].own) dropped++
            }
          }
        },
      ),
      { numRuns: effort(25, 120) },
    )
    expect(dropped).toBeGreaterThan(judged / 20)
    expect(dropped).toBeLessThan(judged)
  })

  const world = struct({ a: range(0, 2), b: range(0, 2), c: range(0, 2), d: range(0, 2) })
  type World = View<typeof world>
  const holds = (code: (before: World, after: World) => boolean): ActionProperty<World> => {
    return { kind: 'action', id: 'p', title: '', holds: (before, _, after) => code(before, after) }
  }
  const [A, B, C, D] = [0, 1, 2, 3]
  const copies = (w: World): void => {
    w.b = w.a
  }

  // The property is judged on two states. What was found of it on the first does not apply to the second.
  it.each([
    {
      what: 'a field that the step had read with another value',
      // Reads a, and b where a is 1.
      when: (w: World) => w.a === 0 || w.b < 3,
      does: () => {},
      property: holds((w) => (w.a === 1 ? w.c >= 0 : w.c === 0)),
      states: [
        [1, 0, 0, 0],
        [0, 0, 0, 0],
      ],
      reads: [
        [A, B],
        [A, C],
      ],
    },
    {
      what: 'a field that the step had read and does not read now',
      when: (w: World) => w.a === 0 || w.b < 3,
      does: () => {},
      property: holds((w) => w.b === 0 && w.c >= 0),
      states: [
        [1, 0, 0, 0],
        [0, 0, 0, 0],
      ],
      reads: [
        [A, B],
        [A, B, C],
      ],
    },
    {
      what: 'a field that the step had not read, and writes now',
      when: (w: World) => w.a === 0,
      does: () => {},
      property: holds((w, now) => w.c === now.c || w.d === 0),
      states: [
        [0, 0, 0, 0],
        [1, 0, 1, 0],
      ],
      reads: [[A], [A, C, D]],
    },
    {
      what: 'what the step writes, although no field is read for it',
      when: (w: World) => w.a === 0,
      does: () => {},
      property: holds((w, now) => (isChanged(w, now) ? w.d === 0 : w.d >= 0)),
      states: [
        [0, 0, 0, 0],
        [1, 0, 1, 0],
      ],
      reads: [[A], [A, C, D]],
    },
    {
      what: 'a field with the same value before the step and another one after it',
      when: (w: World) => w.a < 3,
      does: copies,
      property: holds((_, now) => (now.b === 1 ? now.c >= 0 : now.c === 0)),
      states: [
        [1, 0, 0, 0],
        [2, 0, 0, 0],
      ],
      reads: [
        [A, B],
        [A, B, C],
      ],
    },
  ])('depends on $what', ({ when, does, property, states, reads }) => {
    const clears = (w: World): void => {
      w.c = 0
    }
    const go = step<World>('go', {}, [
      { when, does, to: 'go' },
      { does: clears, to: 'go' },
    ])
    const system = compose({
      name: 'cases',
      world,
      threads: [one(program<World>('thread', 'has two cases', [go]))],
      initial: [() => {}],
    })
    const runner = new StepRunner(system, [property] as never)
    const found = states.map((encoded) => {
      runner.recorder.base.set(encoded)
      runner.run(stepTable(system)[0])
      return [...runner.recorder.reads]
    })
    expect(found).toEqual(reads)
  })

  it('is tried once for steps that read and write the same', () => {
    const world = struct({ a: range(0, 4), b: range(0, 4), lamp: flag })
    type World = View<typeof world>
    let evaluations = 0
    const property: ActionProperty<World> = {
      kind: 'action',
      id: 'p',
      title: '',
      holds: (before, _, after) => {
        evaluations++
        return before.a === after.a && before.b + after.b >= 0
      },
    }
    const lamp = program<World>('lamp', 'is switched', [
      step(
        'switch',
        {},
        {
          does: (w) => {
            w.lamp = !w.lamp
          },
          to: 'switch',
        },
      ),
    ])
    const system = compose({ name: 'lamp', world, threads: [one(lamp)], initial: [() => {}] })
    const runner = new StepRunner(system, [property] as never)
    const [only] = stepTable(system)
    const made: number[] = []
    for (const [a, b] of [
      [0, 0],
      [3, 4],
      [1, 2],
    ]) {
      evaluations = 0
      runner.recorder.base.set([a, b, 0, 0])
      runner.run(only)
      made.push(evaluations)
    }
    // 25 combinations of a and b.
    expect(made).toEqual([25, 1, 1])
  })
})
