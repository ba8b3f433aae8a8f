import type { Interpreter, Move } from './interpreter.ts'
import type { NaiveResult, Reached } from './naive-result.ts'
import type { FairnessPlan, LivenessPlan, SystemPlan } from './plan.ts'

/** A fairness constraint: what the scheduler owes to one thread, or to one step of it. */
export interface Obligation {
  readonly strong: boolean
  readonly name: string
  readonly isMetBy: (move: Move) => boolean
  /** Whether it is owed in a state. */
  readonly isOwedIn: (s: Pick<Reached, 'state' | 'moves'>) => boolean
}

/** The obligations of a property; by default those of weak fairness of threads. */
export function obligationsOf(interpreter: Interpreter, p: LivenessPlan): Obligation[] {
  if (p.kind === 'no-solo-cycle') return []
  const weak: readonly FairnessPlan[] = [{ strength: 'weak', of: 'thread' }]
  return (p.fairness ?? weak).flatMap(({ strength, of, kinds, paths }) =>
    interpreter.actors.flatMap((actor, n): Obligation[] => {
      if (kinds !== undefined && !kinds.includes(actor.kind)) return []
      const obligation = (
        name: string,
        isMetBy: (m: Move) => boolean,
        evenAtValidEnd: boolean,
      ): Obligation => ({
        strong: strength === 'strong',
        name,
        isMetBy,
        isOwedIn: ({ state, moves }) =>
          moves.some(isMetBy) && (evenAtValidEnd || !interpreter.isAtValidEnd(n, state)),
      })
      if (of === 'thread') return [obligation(actor.name, (m) => m.actor === n, false)]
      const steps = actor.counters.flatMap((c) => c.steps.map((s) => s.path))
      return steps
        .filter((path) => paths === undefined || paths.includes(path))
        .map((path) =>
          obligation(`${actor.name} ${path}`, (m) => m.actor === n && m.path === path, paths !== undefined),
        )
    }),
  )
}

/** The threads that a property is stated for; one entry without a thread if it is stated for the system. */
function subjectsOf({ actors }: Interpreter, { each }: LivenessPlan): { self: number; actor: number }[] {
  if (each === null) return [{ self: 0, actor: -1 }]
  return actors.flatMap(({ kind, self }, actor) => (kind === each ? [{ self, actor }] : []))
}

/** Whether some fair behaviour violates the property, and how often its antecedent was true. */
export function violatedOnCycles(
  result: Pick<NaiveResult, 'interpreter' | 'states'>,
  p: LivenessPlan,
): { found: boolean; antecedent: number } {
  const { interpreter, states } = result
  const obligations = obligationsOf(interpreter, p)
  const initial = states.flatMap((s, n) => (s.depth === 0 ? [n] : []))
  let antecedent = 0
  for (const { self, actor } of subjectsOf(interpreter, p)) {
    const goal = states.map(({ state }) => interpreter.holds(p.goal, state, self))
    const everything = states.map((_, n) => n)
    const waiting = everything.filter((n) => !goal[n])
    if (p.kind === 'no-solo-cycle') {
      antecedent += waiting.length
      if (ownCycle(states, new Set(waiting), actor)) return { found: true, antecedent }
      continue
    }
    const given =
      p.kind === 'leads-to'
        ? everything.filter((n) => interpreter.holds(p.given, states[n].state, self))
        : initial
    antecedent += given.length
    const isPersistence = p.kind === 'eventually-always'
    const allowed = new Set(isPersistence ? everything : waiting)
    const from = reachable(states, given, allowed)
    const isFair = fairStates(states, allowed, obligations, (n) => !isPersistence || !goal[n])
    if (from.some((n) => isFair.has(n))) return { found: true, antecedent }
  }
  return { found: false, antecedent }
}

function reachable(
  states: readonly Reached[],
  from: readonly number[],
  allowed: ReadonlySet<number>,
): number[] {
  const seen = new Set(from.filter((n) => allowed.has(n)))
  for (const n of seen) for (const { target } of states[n].moves) if (allowed.has(target)) seen.add(target)
  return [...seen]
}

/** States of the components in which a fair behaviour can stay forever. */
function fairStates(
  states: readonly Reached[],
  allowed: ReadonlySet<number>,
  obligations: readonly Obligation[],
  isWanted: (n: number) => boolean,
): Set<number> {
  const fair = new Set<number>()
  // A behaviour may stop: a state is a component even without a step to itself.
  for (const component of componentsOf(allowed, (n) => states[n].moves.map((m) => m.target))) {
    if (![...component].some(isWanted)) continue
    const unmet = obligations.filter(
      ({ isMetBy }) =>
        ![...component].some((n) => states[n].moves.some((m) => component.has(m.target) && isMetBy(m))),
    )
    const owedStates = (d: Obligation): number[] => [...component].filter((n) => d.isOwedIn(states[n]))
    // Weak fairness rules out staying where it is always owed. The same holds in every part of the component.
    if (unmet.some((d) => !d.strong && owedStates(d).length === component.size)) continue
    const forbidden = new Set(unmet.filter((d) => d.strong).flatMap(owedStates))
    if (forbidden.size === 0) for (const n of component) fair.add(n)
    else {
      const rest = new Set([...component].filter((n) => !forbidden.has(n)))
      for (const n of fairStates(states, rest, obligations, isWanted)) fair.add(n)
    }
  }
  return fair
}

/** Whether a thread has a cycle of only its own steps in these states. */
function ownCycle(states: readonly Reached[], allowed: ReadonlySet<number>, actor: number): boolean {
  const next = (n: number): number[] => states[n].moves.filter((m) => m.actor === actor).map((m) => m.target)
  return componentsOf(allowed, next).some((c) =>
    [...c].some((n) => (c.size > 1 ? true : next(n).includes(n))),
  )
}

/** Strongly connected components of part of a graph (Kosaraju). */
function componentsOf(nodes: ReadonlySet<number>, next: (n: number) => number[]): Set<number>[] {
  const order: number[] = []
  const visited = new Set<number>()
  const before = new Map<number, number[]>()
  for (const root of nodes) {
    const stack: { n: number; left: number[] }[] = []
    const push = (n: number): void => {
      visited.add(n)
      const to = next(n).filter((t) => nodes.has(t))
      for (const t of to) before.set(t, [...(before.get(t) ?? []), n])
      stack.push({ n, left: to })
    }
    if (!visited.has(root)) push(root)
    while (stack.length > 0) {
      const { n, left } = stack[stack.length - 1]
      const t = left.pop()
      if (t === undefined) {
        order.push(n)
        stack.pop()
      } else if (!visited.has(t)) push(t)
    }
  }
  const taken = new Set<number>()
  return order.reverse().flatMap((root) => {
    if (taken.has(root)) return []
    const component = new Set([root])
    taken.add(root)
    for (const n of component)
      for (const b of before.get(n) ?? [])
        if (!taken.has(b)) {
          taken.add(b)
          component.add(b)
        }
    return [component]
  })
}

/** A trace of the engine. */
interface ShownTrace {
  readonly initial: number
  readonly steps: readonly { readonly thread: string; readonly step: string }[]
  readonly loopStart?: number
}

/** What is wrong with a lasso as a violation of a property for one of its threads; null if nothing is. */
export function problemInLasso(
  plan: SystemPlan,
  interpreter: Interpreter,
  p: LivenessPlan,
  { initial, steps, loopStart }: ShownTrace,
  subject: string | undefined,
): string | null {
  if (loopStart === undefined) return 'there is no loop'
  const states = [interpreter.initial()[initial]]
  const taken: Move[] = []
  for (const { thread, step } of steps) {
    const move = interpreter
      .moves(states[states.length - 1])
      .find((m) => m.thread === thread && m.path === step)
    if (move === undefined || move.to === null) return `${thread} cannot take ${step}`
    taken.push(move)
    states.push(move.to)
  }
  if (plan.properties.every(({ id }) => id !== p.id)) return 'there is no such property'
  const loop = states.slice(loopStart)
  if (loop.length === 0) return 'the loop begins after the end'
  if (JSON.stringify(loop[0]) !== JSON.stringify(loop[loop.length - 1])) return 'the loop does not close'
  const actor = interpreter.actors.findIndex(({ name }) => name === subject)
  if (p.each !== null && interpreter.actors[actor]?.kind !== p.each) return `it is about ${subject}`
  const self = actor < 0 ? 0 : interpreter.actors[actor].self
  const goal = states.map((s) => interpreter.holds(p.goal, s, self))
  const round = taken.slice(loopStart)
  if (p.kind === 'no-solo-cycle') {
    if (round.length === 0) return 'the cycle has no step'
    if (round.some((m) => m.actor !== actor)) return 'another thread moves in the cycle'
    return goal.slice(loopStart).includes(true) ? 'the goal holds in the cycle' : null
  }
  if (p.kind === 'eventually' && goal.includes(true)) return 'the goal holds'
  if (p.kind === 'eventually-always' && goal.slice(loopStart).every(Boolean))
    return 'the goal holds in all of the loop'
  if (p.kind === 'leads-to') {
    if (goal.slice(loopStart).includes(true)) return 'the goal holds in the loop'
    const after = goal.lastIndexOf(true) + 1
    if (!states.slice(after).some((s) => interpreter.holds(p.given, s, self))) return 'nothing is awaited'
  }
  const around = loop.map((state) => ({
    state,
    moves: interpreter.moves(state).map((m) => ({ ...m, target: -1 })),
  }))
  for (const obligation of obligationsOf(interpreter, p)) {
    const owed = around.filter(obligation.isOwedIn).length
    if (round.some(obligation.isMetBy) || (obligation.strong ? owed === 0 : owed < around.length)) continue
    return `the loop is not fair to ${obligation.name}`
  }
  return null
}
