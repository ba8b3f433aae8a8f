import { choice, type Entry, program, type Step, step } from '../../../../model/language/program.ts'
import { Oops, type Property } from '../../../../model/language/property.ts'
import {
  array,
  flag,
  id,
  range,
  ref,
  setOf,
  sort,
  struct,
  type View,
} from '../../../../model/language/shapes.ts'
import { compose, each, one, type System } from '../../../../model/language/system.ts'
import { idsOf } from '../../../oracles/actions.ts'

const worker = sort('worker', 3)
const page = sort('page', 2)
const worldShape = struct({
  level: range(0, 2),
  owner: ref(worker),
  held: array(worker, ref(page)),
  note: array(worker, range(0, 1)),
  used: setOf(page),
  next: array(page, ref(page)),
  seen: array(worker, setOf(page)),
  peer: array(worker, id(worker)),
  busy: array(page, flag),
})
type World = View<typeof worldShape>
type Test = (w: World, self: number) => boolean
type Effect = (w: World, self: number) => void

/** A system whose workers and pages are interchangeable by construction, with properties of every kind. */
export interface RandomSymmetric {
  readonly system: System<World>
  readonly properties: readonly Property<World>[]
}

/**
 * A small symmetric system made from a tape of whole numbers; equal tapes give equal systems and every tape
 * gives one (past its end it reads as zeros). Model code names ids only through `self`, through fields that
 * hold ids, through loops over all ids, and through one step per id in a choice.
 * @param naming true for systems in which some code refers to an id by name, so that they may be asymmetric.
 */
export function randomSymmetric(tape: readonly number[], naming = false): RandomSymmetric {
  let position = 0
  const pick = (below: number): number => (tape[position++] ?? 0) % below
  const pages = idsOf(page)
  const workers = idsOf(worker)

  const test = (): Test => {
    const value = pick(2)
    const tests: readonly Test[] = [
      (w) => w.level === value,
      (w) => w.owner === null,
      (w, self) => w.owner === self,
      (w, self) => w.held[self] === null,
      (w) => workers.some((v) => w.note[v] === 1),
      (w, self) => workers.every((v) => v === self || w.held[v] !== w.held[self]),
      (w) => pages.every((p) => w.used.has(p)),
      (w, self) => w.note[w.peer[self]] === value,
      (w, self) => {
        const p = w.held[self]
        return p !== null && w.busy[p] && w.next[p] !== p
      },
      (w, self) => !w.seen[self].isEmpty(),
      ...(naming ? testsThatName(value) : []),
    ]
    return tests[pick(tests.length)]
  }
  const effect = (): Effect => {
    const value = pick(2)
    const condition = test()
    const effects: readonly Effect[] = [
      (w) => {
        w.level = (w.level + 1) % 3
      },
      (w, self) => {
        w.owner = w.owner === null ? self : null
      },
      (w, self) => {
        w.note[self] = value
      },
      (w, self) => {
        const p = w.held[self]
        if (p !== null) w.used.delete(p)
        w.held[self] = null
      },
      (w, self) => {
        if (w.owner !== null) w.peer[w.owner] = self
      },
      (w, self) => {
        const p = w.held[self]
        if (p === null) return
        for (const other of pages) if (other !== p) w.next[other] = p
        w.busy[p] = condition(w, self)
      },
      (w, self) => {
        for (const p of pages) if (w.used.has(p)) w.seen[self].add(p)
      },
      (w, self) => {
        if (condition(w, self) && w.level === 2) throw new Oops('no-fault', 'level 2')
        w.seen[self].clear()
      },
      ...(naming ? effectsThatName(value) : []),
    ]
    return effects[pick(effects.length)]
  }
  const body = (targets: readonly string[]) => ({
    ...(pick(3) === 0 ? {} : { when: test() }),
    ...(pick(5) === 0 ? {} : { does: effect() }),
    ...(pick(2) === 0 ? {} : { to: targets[pick(targets.length)] }),
  })
  const plain = (name: string, targets: readonly string[]): Step<World> =>
    step<World>(
      name,
      { validEnd: pick(4) === 0 },
      Array.from({ length: 1 + pick(2) }, () => body(targets)),
    )
  /** Takes any page that is not in use. */
  const takes = (name: string): Step<World>[] =>
    pages.map((p) =>
      step<World>(
        `${name}[${p}]`,
        {},
        {
          when: (w, self) => w.held[self] === null && !w.used.has(p),
          does: (w, self) => {
            w.held[self] = p
            w.used.add(p)
          },
        },
      ),
    )
  const makeProgram = (kind: string) => {
    const length = 1 + pick(3)
    const names = [...Array.from({ length }, (_, i) => `S.${i}`), 'done']
    const entries = names.slice(0, -1).map((name): Entry<World> => {
      const form = kind === 'single' ? 0 : pick(3)
      if (form === 0) return plain(name, names)
      const others = Array.from({ length: pick(3) }, (_, i) => plain(`${name}.${i}`, names))
      return choice(name, [...(form === 1 ? takes(`${name} take`) : [plain(`${name}.x`, names)]), ...others])
    })
    return program<World>(kind, 'a random thread', entries)
  }
  /** A thread that is none of the workers: what it does as `self` it does for all of them. */
  const single = program<World>('single', 'a random thread', [
    step<World>('T.0', { validEnd: true }, [
      { when: (w) => w.level === 1 && workers.every((v) => w.note[v] === 0), to: 'done' },
      {
        when: (w) => workers.some((v) => w.held[v] !== null),
        does: (w) => {
          for (const v of workers) w.note[v] = 1
        },
      },
    ]),
  ])
  const level = pick(3)
  const system = compose({
    name: 'random symmetric',
    world: worldShape,
    threads: [
      each(worker, makeProgram('worker')),
      one(naming && pick(2) === 1 ? makeProgram('single') : single),
    ],
    initial: [
      (w) => {
        w.level = level
        for (const v of workers) w.peer[v] = v
      },
    ],
    symmetric: [worker, page],
  })
  const [holds, given, seen, goal, before, after] = Array.from({ length: 6 }, test)
  const properties: Property<World>[] = [
    {
      kind: 'invariant',
      id: 'plain',
      title: '',
      holds: (w) => workers.every((v) => holds(w, v)) || w.level < 2,
    },
    {
      kind: 'invariant',
      id: 'conditional',
      title: '',
      given: (w, at) => workers.some((v) => given(w, v) && at.worker[v] !== 'S.0'),
      holds: (w) => w.owner === null || w.held[w.owner] === null,
    },
    {
      kind: 'witness',
      id: 'witness',
      title: '',
      seen: (w, at) => workers.filter((v) => seen(w, v) && at.worker[v] === 'done').length >= 2,
    },
    { kind: 'progress', id: 'progress', title: '', goal: (w) => workers.some((v) => goal(w, v)) },
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

/** Tests of one id by its name. */
function testsThatName(id: number): Test[] {
  return [
    (w) => w.owner === id,
    (w, self) => w.held[self] === id,
    (w) => w.note[id] === 1,
    (w) => w.peer[1] === id,
  ]
}

/** Effects on or with one id by its name. */
function effectsThatName(id: number): Effect[] {
  return [
    (w) => {
      w.owner = id
    },
    (w, self) => {
      w.held[self] = id
    },
    (w) => {
      w.note[id] = 1
    },
    (w) => {
      w.used.add(id)
    },
    (w) => {
      w.next[id] = 1 - id
    },
    (w, self) => {
      w.peer[self] = id
    },
  ]
}
