import type { CellRef, EffectPlan, EntryPlan, Id, StepPlan, SystemPlan, Test, Variable } from './plan.ts'

/**
 * Interprets a plan on plain objects. It shares no code with the modelling language and the engine, so that their
 * results are independent.
 */

export type Value = boolean | number | null | readonly number[]
/** Values by variable; a list, by id, for a variable over a sort. */
export type PlanWorld = Record<string, Value | Value[]>

/** A thread: an instance of a program. */
export interface PlanThread {
  readonly name: string
  readonly kind: string
  readonly self: number
  readonly counters: readonly Counter[]
}

/** A program counter. */
export interface Counter {
  readonly path: string
  readonly validEnd: boolean
  readonly steps: readonly { readonly path: string; readonly step: StepPlan }[]
  /** Path of the next program counter. */
  readonly next: string
}

/** A state: the world, and the path of the program counter of each thread. */
export interface State {
  readonly world: PlanWorld
  readonly at: readonly string[]
}

/** One step of one thread from a state. */
export interface Move {
  readonly actor: number
  /** Name of the thread, and path of the step. */
  readonly thread: string
  readonly path: string
  /** Null if the step ends in an oops. */
  readonly to: State | null
  readonly fault: string | null
}

class Oops extends Error {
  readonly property: string
  constructor(property: string) {
    super(property)
    this.property = property
  }
}

/** What the ids in tests and effects refer to. */
interface Scope {
  readonly self: number
  readonly bound: readonly number[]
}

export class Interpreter {
  readonly plan: SystemPlan
  readonly actors: readonly PlanThread[]

  constructor(plan: SystemPlan) {
    this.plan = plan
    this.actors = plan.programs.flatMap(({ kind, over, entries }) => {
      const counters = countersOf(entries)
      const ids = over === null ? [0] : range(plan.sorts[over].size)
      return ids.map((self) => ({ name: over === null ? kind : `${kind}${self}`, kind, self, counters }))
    })
  }

  /** The initial states in the order of the plan, with duplicates. */
  initial(): State[] {
    return this.plan.initial.map((effects) => {
      const world: PlanWorld = {}
      for (const v of this.plan.variables) {
        const first = firstValue(v)
        world[v.name] = v.over === null ? first : range(this.plan.sorts[v.over].size).map(() => first)
      }
      this.#run(effects, world, { self: 0, bound: [] })
      return { world, at: this.actors.map(({ counters }) => counters[0].path) }
    })
  }

  /** The enabled moves of a state, by thread, then by step. */
  moves(state: State): Move[] {
    return this.actors.flatMap((actor, n) => {
      const counter = this.counterOf(actor, state.at[n])
      return counter.steps.flatMap(({ path, step }): Move[] => {
        const scope = { self: actor.self, bound: [] }
        const taken = step.cases.find((c) => c.when === null || this.#holds(c.when, state, scope))
        if (taken === undefined) return []
        const world = structuredClone(state.world)
        try {
          this.#run(taken.does, world, scope)
        } catch (error) {
          if (!(error instanceof Oops)) throw error
          return [{ actor: n, thread: actor.name, path, to: null, fault: error.property }]
        }
        const target = placeOf(actor.counters, taken.to ?? counter.next)
        const at = state.at.map((place, m) => (m === n ? target : place))
        return [{ actor: n, thread: actor.name, path, to: { world, at }, fault: null }]
      })
    })
  }

  /** Whether a thread is at a valid end. */
  isAtValidEnd(actor: number, state: State): boolean {
    return this.counterOf(this.actors[actor], state.at[actor]).validEnd
  }

  counterOf({ counters }: PlanThread, path: string): Counter {
    const found = counters.find((c) => c.path === path)
    if (found === undefined) throw new Error(`no program counter ${path}`)
    return found
  }

  /** @param self id that `self` stands for in the test. */
  holds(test: Test, state: State, self = 0): boolean {
    return this.#holds(test, state, { self, bound: [] })
  }

  #holds(test: Test, state: State, scope: Scope): boolean {
    const { world } = state
    const value = (cell: CellRef): Value => this.#value(cell, world, scope)
    switch (test.test) {
      case 'true':
        return true
      case 'flag':
        return value(test.cell) === true
      case 'less':
        return (value(test.cell) as number) < test.than
      case 'same':
        return value(test.cell) === value(test.as)
      case 'none':
        return value(test.cell) === null
      case 'is':
        return value(test.cell) === this.#id(test.id, world, scope)
      case 'has':
        return (value(test.cell) as number[]).includes(this.#id(test.id, world, scope))
      case 'empty':
        return (value(test.cell) as number[]).length === 0
      case 'at': {
        const self = test.thread === null ? 0 : this.#id(test.thread, world, scope)
        const actor = this.actors.findIndex((a) => a.kind === test.kind && a.self === self)
        return state.at[actor] === test.path
      }
      case 'not':
        return !this.#holds(test.of, state, scope)
      case 'both':
        return test.of.every((part) => this.#holds(part, state, scope))
      case 'some':
        return this.#ids(test.sort).some((n) => this.#holds(test.of, state, within(scope, n)))
      case 'every':
        return this.#ids(test.sort).every((n) => this.#holds(test.of, state, within(scope, n)))
    }
  }

  #run(effects: readonly EffectPlan[], world: PlanWorld, scope: Scope): void {
    for (const e of effects) this.#do(e, world, scope)
  }

  #do(e: EffectPlan, world: PlanWorld, scope: Scope): void {
    const write = (cell: CellRef, value: Value): void => {
      if (cell.at === null) world[cell.name] = value
      else (world[cell.name] as Value[])[this.#id(cell.at, world, scope)] = value
    }
    const value = (cell: CellRef): Value => this.#value(cell, world, scope)
    switch (e.effect) {
      case 'flip':
        write(e.cell, value(e.cell) !== true)
        break
      case 'put':
        write(e.cell, e.value)
        break
      case 'up': {
        const next = (value(e.cell) as number) + 1
        write(e.cell, next >= e.low + e.steps ? e.low : next)
        break
      }
      case 'copy':
        write(e.cell, value(e.from))
        break
      case 'point':
        write(e.cell, e.to === null ? null : this.#id(e.to, world, scope))
        break
      case 'add':
      case 'delete': {
        const id = this.#id(e.id, world, scope)
        const others = (value(e.cell) as number[]).filter((n) => n !== id)
        const members = e.effect === 'add' ? [...others, id] : others
        write(
          e.cell,
          members.sort((a, b) => a - b),
        )
        break
      }
      case 'clear':
        write(e.cell, [])
        break
      case 'if':
        if (this.#holds(e.test, { world, at: [] }, scope)) this.#run(e.do, world, scope)
        break
      case 'for':
        for (const n of this.#ids(e.sort)) this.#run(e.do, world, within(scope, n))
        break
      case 'fault':
        throw new Oops(e.property)
    }
  }

  #value({ name, at }: CellRef, world: PlanWorld, scope: Scope): Value {
    const held = world[name]
    return at === null ? (held as Value) : (held as Value[])[this.#id(at, world, scope)]
  }

  #id(id: Id, world: PlanWorld, scope: Scope): number {
    switch (id.id) {
      case 'self':
        return scope.self
      case 'fixed':
        return id.n
      case 'bound':
        return scope.bound[id.depth]
      case 'value':
        return this.#value(id.cell, world, scope) as number
    }
  }

  #ids(sort: number): number[] {
    return range(this.plan.sorts[sort].size)
  }
}

/** States are equal if their keys are. */
export const keyOf = (state: State): string => JSON.stringify([state.world, state.at])

export const range = (size: number): number[] => Array.from({ length: size }, (_, n) => n)

const within = ({ self, bound }: Scope, n: number): Scope => ({ self, bound: [...bound, n] })

function firstValue({ type, low }: Variable): Value {
  if (type === 'flag') return false
  if (type === 'number') return low
  if (type === 'ref') return null
  return type === 'id' ? 0 : []
}

/** The program counters of a program in order, `done` last. */
function countersOf(entries: readonly EntryPlan[]): Counter[] {
  const flat: Omit<Counter, 'next'>[] = []
  const visit = (list: readonly EntryPlan[], prefix: string): void => {
    for (const e of list) {
      if (e.form === 'block') visit(e.entries, `${prefix}${e.name}/`)
      else {
        const steps = e.form === 'step' ? [e] : e.steps
        flat.push({
          path: prefix + e.name,
          validEnd: steps.some((s) => s.validEnd),
          steps: steps.map((step) => ({ path: prefix + step.name, step })),
        })
      }
    }
  }
  visit(entries, '')
  const counters = flat.map((c, n) => ({ ...c, next: flat[n + 1]?.path ?? 'done' }))
  return [...counters, { path: 'done', validEnd: true, steps: [], next: 'done' }]
}

/** A jump to a block goes to its first place. */
function placeOf(counters: readonly Counter[], path: string): string {
  const place = counters.find((c) => c.path === path || c.path.startsWith(`${path}/`))
  if (place === undefined) throw new Error(`no program counter ${path}`)
  return place.path
}
