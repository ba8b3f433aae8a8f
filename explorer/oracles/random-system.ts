import { choice, type Entry, program, type Step, step } from '../../model/language/program.ts'
import { Oops, type Property } from '../../model/language/property.ts'
import { array, flag, range, ref, setOf, sort, struct, type View } from '../../model/language/shapes.ts'
import { compose, each, one, type System } from '../../model/language/system.ts'

const worker = sort('worker', 2)
const worldShape = struct({
  level: range(0, 4),
  open: flag,
  owner: ref(worker),
  note: array(worker, range(0, 2)),
  seen: setOf(worker),
})
type World = View<typeof worldShape>
type Test = (w: World, self: number) => boolean

/** A system made from numbers, with properties of every kind. */
export interface RandomSystem {
  readonly system: System<World>
  readonly properties: readonly Property<World>[]
}

/**
 * A small system built from a tape of whole numbers. Equal tapes give equal systems, and every tape gives one (past its
 * end it reads as zeros), so that a generator of number lists is a generator of systems.
 */
export function randomSystem(tape: readonly number[]): RandomSystem {
  let position = 0
  const pick = (below: number): number => (tape[position++] ?? 0) % below

  const test = (): Test => {
    const value = pick(3)
    const tests: readonly Test[] = [
      (w) => w.level === value,
      (w) => w.open,
      (w) => !w.open,
      (w, self) => w.owner === null || w.owner === self,
      (w, self) => w.note[self] === value,
      (w, self) => w.note[self] < w.level,
      (w, self) => w.seen.has(self) === w.open,
      (w) => w.seen.isEmpty(),
      (w) => w.note[0] === w.note[1],
    ]
    return tests[pick(tests.length)]
  }
  const effect = (): ((w: World, self: number) => void) => {
    const value = pick(3)
    const condition = test()
    const effects: readonly ((w: World, self: number) => void)[] = [
      (w) => {
        w.level = (w.level + 1) % 5
      },
      (w) => {
        w.open = !w.open
      },
      (w, self) => {
        w.owner = w.owner === null ? self : null
      },
      (w, self) => {
        w.note[self] = value
      },
      (w, self) => {
        w.note[1 - self] = w.note[self]
        if (condition(w, self)) w.level = value
      },
      (w, self) => {
        if (condition(w, self)) w.seen.add(self)
        else w.seen.clear()
      },
      (w, self) => {
        if (condition(w, self) && w.level === 3) throw new Oops('no-fault', 'level 3')
        w.level = Math.min(4, w.level + value)
      },
    ]
    return effects[pick(effects.length)]
  }
  const steps = (name: string, targets: readonly string[]): Step<World> =>
    step<World>(
      name,
      { validEnd: pick(4) === 0 },
      Array.from({ length: 1 + pick(2) }, () => ({
        ...(pick(3) === 0 ? {} : { when: test() }),
        ...(pick(4) === 0 ? {} : { does: effect() }),
        ...(pick(2) === 0 ? {} : { to: targets[pick(targets.length)] }),
      })),
    )
  const makeProgram = (kind: string) => {
    const length = 1 + pick(4)
    const names = [...Array.from({ length }, (_, i) => `S.${i}`), 'done']
    return program<World>(
      kind,
      'a random thread',
      names.slice(0, -1).map(
        (name): Entry<World> =>
          pick(3) === 0
            ? choice(
                name,
                Array.from({ length: 1 + pick(3) }, (_, i) => steps(`${name}.${i}`, names)),
              )
            : steps(name, names),
      ),
    )
  }
  const system = compose({
    name: 'random',
    world: worldShape,
    threads: [each(worker, makeProgram('worker')), one(makeProgram('single'))],
    // Random programs differ in length; a property may name any step that one of them can have.
    elsewhere: () => [program<World>('worker', 'two steps', [step('S.0', {}), step('S.1', {})])],
    initial: Array.from({ length: 1 + pick(2) }, () => {
      const level = pick(3)
      const open = pick(2) === 1
      return (w: World) => {
        w.level = level
        w.open = open
      }
    }),
  })
  const [given, holds, seen, goal, before, after] = Array.from({ length: 6 }, test)
  const properties: Property<World>[] = [
    { kind: 'invariant', id: 'plain', title: '', holds: (w) => holds(w, 0) || w.level < 4 },
    {
      kind: 'invariant',
      id: 'conditional',
      title: '',
      given: (w, at) => given(w, 1) && at.worker[0] !== 'done',
      holds: (w) => holds(w, 1),
    },
    { kind: 'witness', id: 'witness', title: '', seen: (w, at) => seen(w, 0) && at.worker[1] === 'done' },
    { kind: 'progress', id: 'progress', title: '', goal: (w) => goal(w, 0) },
    {
      kind: 'action',
      id: 'action',
      title: '',
      given: (w, s) => s.kind === 'worker' && before(w, s.self),
      holds: (w, s, now) => after(now, s.self) || now.level >= w.level,
    },
    { kind: 'deadlock', id: 'no-deadlock', title: '' },
    { kind: 'fault', id: 'no-fault', title: '' },
  ]
  return { system, properties }
}
