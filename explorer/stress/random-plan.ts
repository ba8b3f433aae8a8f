import type {
  CasePlan,
  CellRef,
  EffectPlan,
  EntryPlan,
  FairnessPlan,
  Id,
  ProgramPlan,
  PropertyPlan,
  SortPlan,
  StepPlan,
  SystemPlan,
  Test,
  Variable,
} from './plan.ts'

/** A resource that only one thread can hold, and a flag of each thread that has spoilt it. */
const HOLDER: Variable = { name: 'holder', type: 'ref', low: 0, size: 0, of: 0, over: null }
const SPOILT = { name: 'spoilt', type: 'flag', over: 0 } as const
const HELD: CellRef = { name: HOLDER.name, at: null }

/** What a test or effect may refer to. */
interface Scope {
  /** Sort of `self`, or null. */
  readonly self: number | null
  /** Sorts of the enclosing quantifiers. */
  readonly bound: readonly number[]
  /** Whether program counters can be tested. */
  readonly counters: boolean
}

/**
 * A plan drawn from a tape of whole numbers: equal tapes give equal plans, and every tape gives one (past its end it
 * reads as zeros). So a generator of lists of numbers is a generator of plans, which shrinks them.
 */
export function randomPlan(tape: readonly number[]): SystemPlan {
  return new Drawn(tape).plan()
}

class Drawn {
  readonly #tape: readonly number[]
  #position = 0
  /** Whether code may refer to fixed ids, so that the claims of symmetry may be wrong. */
  #naming = false
  #sorts: SortPlan[] = []
  #variables: Variable[] = []
  #programs: { kind: string; over: number | null; paths: string[] }[] = []
  /** Whether the claims of symmetry are true, and tests often follow a reference. */
  #renaming = false

  constructor(tape: readonly number[]) {
    this.#tape = tape
  }

  plan(): SystemPlan {
    this.#renaming = this.#pick(3) === 1
    this.#naming = !this.#renaming && this.#pick(3) === 1
    const claims = this.#renaming || this.#pick(3) !== 0
    const least = this.#renaming ? 2 : 1
    const size = (from: number): number => from + this.#pick(4 - from)
    this.#sorts = ['cpu', 'page'].map((name, n) => ({
      ...{ name, symmetric: claims },
      size: n === 0 ? size(least) : size(1),
    }))
    this.#variables = this.#declared()
    const kinds = [
      { kind: 'worker', over: 0, entries: 1 + this.#pick(3) },
      ...(this.#pick(2) === 0 ? [] : [{ kind: 'single', over: null, entries: 1 + this.#pick(3) }]),
      ...(this.#pick(4) === 1 ? [{ kind: 'other', over: 1, entries: 1 }] : []),
    ]
    const programs = kinds.map(({ kind, over, entries }, n) =>
      this.#renaming && n === 0 ? this.#holders(kind) : this.#program(kind, over, entries),
    )
    this.#programs = programs.map(({ kind, over, entries }) => ({ kind, over, paths: pathsIn(entries) }))
    const initial = this.#some(1 + this.#pick(3), () => {
      const scope = { self: null, bound: [], counters: false }
      return this.#some(this.#pick(3), () => this.#effect(scope, 1, false))
    })
    return {
      sorts: this.#sorts,
      variables: this.#variables,
      programs,
      initial,
      properties: this.#properties(),
    }
  }

  #pick(below: number): number {
    return (this.#tape[this.#position++] ?? 0) % below
  }

  #one<T>(all: readonly T[]): T {
    return all[this.#pick(all.length)]
  }

  #some<T>(count: number, make: (n: number) => T): T[] {
    return Array.from({ length: count }, (_, n) => make(n))
  }

  #declared(): Variable[] {
    const plain = { low: 0, size: 0, of: 0, over: null } as const
    const low = this.#one([0, 0, 5])
    const fixed: Variable[] = [
      { ...plain, name: 'open', type: 'flag' },
      { ...plain, name: 'level', type: 'number', low, size: this.#one([3, 4, 4000]) },
      { ...plain, name: 'note', type: 'number', low, size: 3, over: 0 },
    ]
    const more = this.#some(this.#pick(5), (n): Variable => {
      const type = this.#one(['ref', 'set', 'id', 'flag', 'number'] as const)
      const over = this.#one([null, 0, 1])
      const size = type === 'number' ? this.#one([3, 1000]) : 0
      return { name: `v${n}`, type, low: 0, size, of: this.#pick(2), over }
    })
    return [...fixed, ...(this.#renaming ? [HOLDER, { ...plain, ...SPOILT }] : []), ...more]
  }

  /**
   * Threads that take the resource, do something, and set their flag. Properties depend on which of them holds it; a
   * search that stores representatives of orbits must evaluate them on the representative.
   */
  #holders(kind: string): ProgramPlan {
    const scope = { self: 0, bound: [], counters: false }
    const plainly = (name: string, validEnd: boolean, when: Test | null, does: EffectPlan[]): StepPlan => {
      return { form: 'step', name, validEnd, cases: [{ when, does, to: null }] }
    }
    const take = plainly('take', this.#pick(2) === 0, { test: 'none', cell: HELD }, [
      { effect: 'point', cell: HELD, to: { id: 'self' } },
    ])
    const between = this.#some(this.#pick(3), (n) =>
      this.#pick(2) === 0
        ? plainly(`walk.${n}`, false, null, [])
        : this.#step(`walk.${n}`, ['take', 'done'], scope),
    )
    const spoil = plainly('spoil', false, null, [
      { effect: 'flip', cell: { name: SPOILT.name, at: { id: 'self' } } },
    ])
    const release = plainly('release', this.#pick(2) === 0, null, [{ effect: 'point', cell: HELD, to: null }])
    const entries = [take, ...between, spoil, ...(this.#pick(2) === 0 ? [] : [release])]
    return { kind, over: 0, entries }
  }

  #program(kind: string, over: number | null, count: number): ProgramPlan {
    // Names first: steps may jump to later program counters.
    const names = this.#some(count, (n) => `S${n}`)
    const blockAt = this.#pick(4) === 1 ? this.#pick(count) : -1
    const targets = [...names.map((name, n) => (n === blockAt ? `B/${name}` : name)), 'done']
    if (blockAt >= 0) targets.push('B')
    const scope = { self: over, bound: [], counters: false }
    const entries = names.map((name, n): EntryPlan => {
      const made = this.#entry(name, targets, scope)
      return n === blockAt ? { form: 'block', name: 'B', entries: [made] } : made
    })
    return { kind, over, entries }
  }

  #entry(name: string, targets: readonly string[], scope: Scope): EntryPlan {
    const steps = [1, 1, 2, 3][this.#pick(4)]
    if (steps === 1) return this.#step(name, targets, scope)
    return {
      form: 'choice',
      name,
      steps: this.#some(steps, (n) => this.#step(`${name}.${n}`, targets, scope)),
    }
  }

  #step(name: string, targets: readonly string[], scope: Scope): StepPlan {
    const validEnd = this.#pick(4) === 1
    const cases = this.#some(
      1 + this.#pick(2),
      (): CasePlan => ({
        when: this.#pick(3) === 0 ? null : this.#test(scope, 1),
        does: this.#some(this.#pick(3), () => this.#effect(scope, 1, true)),
        to: this.#pick(2) === 0 ? null : this.#one(targets),
      }),
    )
    return { form: 'step', name, validEnd, cases }
  }

  /** An id of a sort that is in scope, or null. */
  #id(sort: number, scope: Scope): Id | null {
    const known: Id[] = []
    if (scope.self === sort) known.push({ id: 'self' })
    scope.bound.forEach((s, depth) => {
      if (s === sort) known.push({ id: 'bound', depth })
    })
    if (this.#naming) known.push({ id: 'fixed', n: this.#pick(this.#sorts[sort].size) })
    for (const v of this.#variables)
      if (v.type === 'id' && v.of === sort && v.over === null)
        known.push({ id: 'value', cell: { name: v.name, at: null } })
    return known.length === 0 ? null : this.#one(known)
  }

  /** A cell of a wanted kind that is in scope, or null. */
  #cell(scope: Scope, wanted: (v: Variable) => boolean): { cell: CellRef; variable: Variable } | null {
    const fitting = this.#variables.filter(wanted)
    if (fitting.length === 0) return null
    const variable = this.#one(fitting)
    if (variable.over === null) return { cell: { name: variable.name, at: null }, variable }
    const at = this.#id(variable.over, scope)
    return at === null ? null : { cell: { name: variable.name, at }, variable }
  }

  #test(scope: Scope, depth: number): Test {
    const open: Test = { test: 'flag', cell: { name: 'open', at: null } }
    const form = this.#pick(depth > 0 ? 10 : 6)
    if (form === 7) return { test: 'not', of: this.#test(scope, depth - 1) }
    if (form === 8) return { test: 'both', of: [this.#test(scope, depth - 1), this.#test(scope, depth - 1)] }
    if (form === 9) {
      const sort = this.#pick(2)
      const inner = { ...scope, bound: [...scope.bound, sort] }
      return { test: this.#one(['some', 'every'] as const), sort, of: this.#test(inner, depth - 1) }
    }
    if (form === 6 || (form === 5 && scope.counters)) return scope.counters ? this.#at(scope) : open
    const found = this.#cell(scope, (v) => form === 0 || v.type !== 'flag')
    if (found === null) return open
    const { cell, variable } = found
    const { type, low, of } = variable
    if (type === 'flag') return { test: 'flag', cell }
    if (type === 'number') {
      const other =
        this.#pick(3) === 1 ? this.#cell(scope, (v) => v.type === 'number' && v.low === low) : null
      if (other !== null) return { test: 'same', cell, as: other.cell }
      return { test: 'less', cell, than: low + 1 + this.#pick(2) }
    }
    const id = this.#id(of, scope)
    if (type === 'set')
      return id === null || this.#pick(3) === 0 ? { test: 'empty', cell } : { test: 'has', cell, id }
    if (id !== null && (type === 'id' || this.#pick(2) === 0)) return { test: 'is', cell, id }
    return type === 'ref' ? { test: 'none', cell } : open
  }

  /** A test of the thread that holds the resource, if there is one. */
  #ofHolder(scope: Scope): Test {
    const depth = scope.bound.length
    const id: Id = { id: 'bound', depth }
    const about: Test =
      this.#pick(3) > 0
        ? { test: 'flag', cell: { name: SPOILT.name, at: id } }
        : this.#test({ ...scope, bound: [...scope.bound, 0] }, 1)
    const some: Test = { test: 'some', sort: 0, of: both({ test: 'is', cell: HELD, id }, about) }
    return this.#pick(2) === 0 ? not(some) : some
  }

  #at(scope: Scope): Test {
    const { kind, over, paths } = this.#one(this.#programs)
    const path = this.#one(paths)
    if (over === null) return { test: 'at', kind, thread: null, path }
    const thread = this.#id(over, scope)
    if (thread !== null) return { test: 'at', kind, thread, path }
    const depth = scope.bound.length
    const of: Test = { test: 'at', kind, thread: { id: 'bound', depth }, path }
    return { test: this.#one(['some', 'every'] as const), sort: over, of }
  }

  #effect(scope: Scope, depth: number, faults: boolean): EffectPlan {
    const form = this.#pick(depth > 0 ? 12 : 8)
    const deeper = (inner: Scope): EffectPlan[] => [this.#effect(inner, depth - 1, faults)]
    if (form === 9) return { effect: 'if', test: this.#test(scope, 0), do: deeper(scope) }
    if (form === 10) {
      const sort = this.#pick(2)
      return { effect: 'for', sort, do: deeper({ ...scope, bound: [...scope.bound, sort] }) }
    }
    if (form === 11 && faults) {
      const property = this.#one(['no-fault', 'no-fault', 'no-other-fault'])
      return { effect: 'if', test: this.#test(scope, 1), do: [{ effect: 'fault', property }] }
    }
    const found = this.#cell(scope, () => true)
    if (found === null) return { effect: 'flip', cell: { name: 'open', at: null } }
    const { cell, variable } = found
    const { type, low, of } = variable
    if (type === 'flag') return { effect: 'flip', cell }
    if (type === 'number') {
      const way = this.#pick(3)
      if (way === 0) return { effect: 'put', cell, value: low + this.#pick(3) }
      const other =
        way === 1
          ? this.#cell(scope, (v) => v.type === 'number' && v.low === low && v.size === variable.size)
          : null
      return other === null
        ? { effect: 'up', cell, low, steps: 2 + this.#pick(2) }
        : { effect: 'copy', cell, from: other.cell }
    }
    const id = this.#id(of, scope)
    if (type === 'set')
      return id === null || this.#pick(4) === 0
        ? { effect: 'clear', cell }
        : { effect: this.#one(['add', 'delete'] as const), cell, id }
    if (id !== null && (type === 'id' || this.#pick(3) > 0)) return { effect: 'point', cell, to: id }
    return type === 'ref'
      ? { effect: 'point', cell, to: null }
      : { effect: 'flip', cell: { name: 'open', at: null } }
  }

  #properties(): PropertyPlan[] {
    const whole = { self: null, bound: [], counters: true }
    const test = (): Test =>
      this.#renaming && this.#pick(2) === 0 ? this.#ofHolder(whole) : this.#test(whole, 2)
    // Sometimes as many as there are bits for in a transition record.
    const actions = this.#pick(12) === 1 ? 31 : 1 + this.#pick(2)
    const faults = this.#pick(6) === 1 ? ['no-fault'] : ['no-fault', 'no-other-fault']
    return [
      { kind: 'invariant', id: 'always', given: null, holds: test() },
      { kind: 'invariant', id: 'always-if', given: test(), holds: test() },
      { kind: 'invariant', id: 'seldom-broken', given: null, holds: not(both(test(), both(test(), test()))) },
      ...this.#some(actions, (n) => this.#action(`action-${n}`)),
      { kind: 'witness', id: 'witness', seen: both(test(), test()) },
      { kind: 'progress', id: 'progress', goal: test() },
      ...this.#liveness(),
      { kind: 'deadlock', id: 'no-deadlock' },
      ...faults.map((id) => ({ kind: 'fault', id }) as const),
    ]
  }

  #action(id: string): PropertyPlan {
    const { kind, over, paths } = this.#one(this.#programs)
    const scope = { self: over, bound: [], counters: false }
    const path = this.#pick(3) === 1 ? this.#one(paths) : null
    const given = this.#pick(2) === 0 ? null : this.#test(scope, 1)
    return {
      kind: 'action',
      id,
      of: kind,
      path,
      given,
      before: this.#test(scope, 1),
      after: this.#test(scope, 1),
    }
  }

  #liveness(): PropertyPlan[] {
    const kinds = ['leads-to', 'eventually', 'eventually-always', 'no-solo-cycle'] as const
    return kinds.map((kind): PropertyPlan => {
      const { kind: of, over } = this.#one(this.#programs)
      const each = kind === 'no-solo-cycle' || this.#pick(2) === 0 ? of : null
      const scope = { self: each === null ? null : over, bound: [], counters: true }
      const goal = this.#test(scope, 1)
      if (kind === 'no-solo-cycle') return { kind, id: kind, each: of, fairness: null, goal }
      const fairness = this.#pick(3) === 0 ? null : this.#some(this.#pick(3), () => this.#fairness())
      const stated = { id: kind, each, fairness, goal }
      return kind === 'leads-to' ? { ...stated, kind, given: this.#test(scope, 1) } : { ...stated, kind }
    })
  }

  #fairness(): FairnessPlan {
    const { kind, paths } = this.#one(this.#programs)
    const strength = this.#one(['weak', 'strong'] as const)
    const of = this.#one(['thread', 'step'] as const)
    const kinds = this.#pick(2) === 0 ? {} : { kinds: [kind] }
    return {
      strength,
      of,
      ...kinds,
      ...(of === 'step' && this.#pick(3) === 1 ? { paths: [this.#one(paths)] } : {}),
    }
  }
}

const not = (of: Test): Test => ({ test: 'not', of })
const both = (a: Test, b: Test): Test => ({ test: 'both', of: [a, b] })

/** Paths of the program counters of a program. */
function pathsIn(entries: readonly EntryPlan[], prefix = ''): string[] {
  return entries.flatMap((e) =>
    e.form === 'block' ? pathsIn(e.entries, `${prefix}${e.name}/`) : [prefix + e.name],
  )
}
