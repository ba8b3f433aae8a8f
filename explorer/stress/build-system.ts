import { match } from 'ts-pattern'
import { block, choice, type Entry, program, type Step, step } from '../../model/language/program.ts'
import { Oops, type Property } from '../../model/language/property.ts'
import {
  array,
  flag,
  id,
  range,
  ref,
  type SetView,
  type Shape,
  type Sort,
  setOf,
  sort,
  struct,
} from '../../model/language/shapes.ts'
import { type Counters, compose, each, one, type System } from '../../model/language/system.ts'
import type { Model } from '../search/index.ts'
import type {
  CellRef,
  EffectPlan,
  EntryPlan,
  Id,
  PropertyPlan,
  StepPlan,
  SystemPlan,
  Test,
  Variable,
} from './plan.ts'

type World = Record<string, unknown>

/** What the ids in tests and effects refer to. */
interface Scope {
  readonly self: number
  readonly bound: readonly number[]
  readonly at: Counters | null
}

/** Builds the system and properties of a plan in the modelling language. */
export function buildSystem(plan: SystemPlan): { system: System<World>; properties: Property<World>[] } {
  const sorts = plan.sorts.map(({ name, size }) => sort(name, size))
  const sizes = plan.sorts.map(({ size }) => size)
  const world = struct(Object.fromEntries(plan.variables.map((v) => [v.name, shapeOf(v, sorts)])))
  const system = compose({
    name: 'random plan',
    world,
    threads: plan.programs.map(({ kind, over, entries }) => {
      const code = program<World>(
        kind,
        'a random thread',
        entries.map((e) => entryOf(e, sizes)),
      )
      return (over === null ? one(code) : each(sorts[over], code)) as never
    }),
    initial: plan.initial.map((effects) => (w: unknown) => {
      for (const e of effects) run(e, w as World, { self: 0, bound: [], at: null }, sizes)
    }) as never,
    symmetric: sorts.filter((_, n) => plan.sorts[n].symmetric),
  })
  const properties = plan.properties.map((p) => propertyOf(p, sizes))
  return { system: system as unknown as System<World>, properties }
}

/** Builds the model of a plan in a worker of a parallel search. */
export function buildForWorkers(plan: SystemPlan): Model {
  const { system, properties } = buildSystem(plan)
  return { system, properties: properties as Property<unknown>[] } as Model
}

function shapeOf(v: Variable, sorts: readonly Sort[]): Shape {
  const one: Shape = match(v.type)
    .with('flag', (): Shape => flag)
    .with('number', () => range(v.low, v.low + v.size - 1))
    .with('ref', () => ref(sorts[v.of]))
    .with('id', () => id(sorts[v.of]))
    .with('set', () => setOf(sorts[v.of]))
    .exhaustive()
  return v.over === null ? one : array(sorts[v.over], one)
}

function entryOf(e: EntryPlan, sizes: readonly number[]): Entry<World> {
  return match(e)
    .with({ form: 'step' }, (s) => stepOf(s, sizes))
    .with({ form: 'choice' }, ({ name, steps }) =>
      choice(
        name,
        steps.map((s) => stepOf(s, sizes)),
      ),
    )
    .with({ form: 'block' }, ({ name, entries }) =>
      block(
        name,
        entries.map((inner) => entryOf(inner, sizes)),
      ),
    )
    .exhaustive()
}

function stepOf({ name, validEnd, cases }: StepPlan, sizes: readonly number[]): Step<World> {
  return step<World>(
    name,
    { validEnd },
    cases.map(({ when, does, to }) => ({
      ...(when === null
        ? {}
        : { when: (w: World, self: number) => holds(when, w, { self, bound: [], at: null }, sizes) }),
      ...(does.length === 0
        ? {}
        : {
            does: (w: World, self: number) => {
              for (const e of does) run(e, w, { self, bound: [], at: null }, sizes)
            },
          }),
      ...(to === null ? {} : { to }),
    })),
  )
}

function propertyOf(p: PropertyPlan, sizes: readonly number[]): Property<World> {
  const evaluate =
    (test: Test) =>
    (w: World, at: Counters | null, self = 0): boolean =>
      holds(test, w, { self, bound: [], at }, sizes)
  const title = 'A random property'
  return match(p)
    .returnType<Property<World>>()
    .with({ kind: 'invariant' }, ({ kind, id, given, holds: held }) => {
      const always = evaluate(held)
      if (given === null) return { kind, id, title, holds: (w, at) => always(w, at) }
      const when = evaluate(given)
      return { kind, id, title, given: (w, at) => when(w, at), holds: (w, at) => always(w, at) }
    })
    .with({ kind: 'action' }, ({ kind, id, of, path, given, before, after }) => ({
      kind,
      id,
      title,
      given: (w, s) =>
        s.kind === of &&
        (path === null || s.path === path) &&
        (given === null || evaluate(given)(w, null, s.self)),
      holds: (w, s, now) => evaluate(before)(w, null, s.self) || evaluate(after)(now, null, s.self),
    }))
    .with({ kind: 'witness' }, ({ kind, id, seen }) => ({
      kind,
      id,
      title,
      seen: (w, at) => evaluate(seen)(w, at),
    }))
    .with({ kind: 'progress' }, ({ kind, id, goal }) => ({
      kind,
      id,
      title,
      goal: (w, at) => evaluate(goal)(w, at),
    }))
    .with({ kind: 'leads-to' }, ({ kind, id, each: of, fairness, given, goal }) => ({
      ...{ kind, id, title, given: evaluate(given), goal: evaluate(goal) },
      ...(of === null ? {} : { each: of }),
      ...(fairness === null ? {} : { fairness }),
    }))
    .with({ kind: 'no-solo-cycle' }, ({ kind, id, each: of, goal }) => ({
      ...{ kind, id, title, each: of, goal: evaluate(goal) },
    }))
    .with(
      { kind: 'eventually' },
      { kind: 'eventually-always' },
      ({ kind, id, each: of, fairness, goal }) => ({
        ...{ kind, id, title, goal: evaluate(goal) },
        ...(of === null ? {} : { each: of }),
        ...(fairness === null ? {} : { fairness }),
      }),
    )
    .with({ kind: 'deadlock' }, ({ kind, id }) => ({ kind, id, title }))
    .with({ kind: 'fault' }, ({ kind, id }) => ({ kind, id, title }))
    .exhaustive()
}

function read({ name, at }: CellRef, w: World, scope: Scope): unknown {
  return at === null ? w[name] : (w[name] as Record<number, unknown>)[idOf(at, w, scope)]
}

function write({ name, at }: CellRef, value: unknown, w: World, scope: Scope): void {
  if (at === null) w[name] = value
  else (w[name] as Record<number, unknown>)[idOf(at, w, scope)] = value
}

function idOf(which: Id, w: World, scope: Scope): number {
  return match(which)
    .with({ id: 'self' }, () => scope.self)
    .with({ id: 'fixed' }, ({ n }) => n)
    .with({ id: 'bound' }, ({ depth }) => scope.bound[depth])
    .with({ id: 'value' }, ({ cell }) => read(cell, w, scope) as number)
    .exhaustive()
}

const inside = (scope: Scope, n: number): Scope => ({ ...scope, bound: [...scope.bound, n] })

function holds(test: Test, w: World, scope: Scope, sizes: readonly number[]): boolean {
  const ids = (of: number): number[] => Array.from({ length: sizes[of] }, (_, n) => n)
  return match(test)
    .with({ test: 'true' }, () => true)
    .with({ test: 'flag' }, ({ cell }) => read(cell, w, scope) as boolean)
    .with({ test: 'less' }, ({ cell, than }) => (read(cell, w, scope) as number) < than)
    .with({ test: 'same' }, ({ cell, as }) => read(cell, w, scope) === read(as, w, scope))
    .with({ test: 'none' }, ({ cell }) => read(cell, w, scope) === null)
    .with({ test: 'is' }, ({ cell, id: other }) => read(cell, w, scope) === idOf(other, w, scope))
    .with({ test: 'has' }, ({ cell, id: one }) =>
      (read(cell, w, scope) as SetView<number>).has(idOf(one, w, scope)),
    )
    .with({ test: 'empty' }, ({ cell }) => (read(cell, w, scope) as SetView<number>).isEmpty())
    .with(
      { test: 'at' },
      ({ kind, thread, path }) =>
        (scope.at as Counters)[kind][thread === null ? 0 : idOf(thread, w, scope)] === path,
    )
    .with({ test: 'not' }, ({ of }) => !holds(of, w, scope, sizes))
    .with({ test: 'both' }, ({ of: [a, b] }) => holds(a, w, scope, sizes) && holds(b, w, scope, sizes))
    .with({ test: 'some' }, ({ sort: s, of }) => ids(s).some((n) => holds(of, w, inside(scope, n), sizes)))
    .with({ test: 'every' }, ({ sort: s, of }) => ids(s).every((n) => holds(of, w, inside(scope, n), sizes)))
    .exhaustive()
}

function run(effect: EffectPlan, w: World, scope: Scope, sizes: readonly number[]): void {
  match(effect)
    .with({ effect: 'flip' }, ({ cell }) => write(cell, !read(cell, w, scope), w, scope))
    .with({ effect: 'put' }, ({ cell, value }) => write(cell, value, w, scope))
    .with({ effect: 'up' }, ({ cell, low, steps }) => {
      const next = (read(cell, w, scope) as number) + 1
      write(cell, next < low + steps ? next : low, w, scope)
    })
    .with({ effect: 'copy' }, ({ cell, from }) => write(cell, read(from, w, scope), w, scope))
    .with({ effect: 'point' }, ({ cell, to }) =>
      write(cell, to === null ? null : idOf(to, w, scope), w, scope),
    )
    .with({ effect: 'add' }, ({ cell, id: n }) =>
      (read(cell, w, scope) as SetView<number>).add(idOf(n, w, scope)),
    )
    .with({ effect: 'delete' }, ({ cell, id: n }) =>
      (read(cell, w, scope) as SetView<number>).delete(idOf(n, w, scope)),
    )
    .with({ effect: 'clear' }, ({ cell }) => (read(cell, w, scope) as SetView<number>).clear())
    .with({ effect: 'if' }, ({ test, do: body }) => {
      if (holds(test, w, scope, sizes)) for (const e of body) run(e, w, scope, sizes)
    })
    .with({ effect: 'for' }, ({ sort: s, do: body }) => {
      for (let n = 0; n < sizes[s]; n++) for (const e of body) run(e, w, inside(scope, n), sizes)
    })
    .with({ effect: 'fault' }, ({ property }) => {
      throw new Oops(property, 'a random fault')
    })
    .exhaustive()
}
