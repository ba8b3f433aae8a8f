import { Interpreter, keyOf, type Move, type State } from './interpreter.ts'
import { violatedOnCycles } from './naive-liveness.ts'
import type { NaiveFinding, NaiveResult, NamedStep, Reached } from './naive-result.ts'
import { isLivenessPlan, type PropertyPlan, type SystemPlan } from './plan.ts'

/**
 * A naive reference checker for plans: states are strings in a Map, the graph is explicit, and every property is
 * evaluated in every state.
 * @returns null if there are more than `most` states.
 */
export function checkPlan(plan: SystemPlan, most: number): NaiveResult | null {
  const interpreter = new Interpreter(plan)
  const states: Reached[] = []
  const known = new Map<string, number>()
  const enter = (state: State, depth: number, root: number, from: Reached['from']): number => {
    const key = keyOf(state)
    const before = known.get(key)
    if (before !== undefined) return before
    known.set(key, states.length)
    return states.push({ state, depth, root, from, moves: [] }) - 1
  }
  interpreter.initial().forEach((state, root) => {
    enter(state, 0, root, null)
  })
  for (let n = 0; n < states.length; n++) {
    if (states.length > most) return null
    const { state, depth, root, moves } = states[n]
    for (const move of interpreter.moves(state)) {
      const step = { thread: move.thread, step: move.path }
      const target = move.to === null ? -1 : enter(move.to, depth + 1, root, { state: n, step })
      moves.push({ ...move, target })
    }
  }
  const faults = new Set(
    states.flatMap(({ moves }) => moves.flatMap((m) => (m.fault === null ? [] : [m.fault]))),
  )
  const deadlocked = states.filter((s) => isDeadlock(interpreter, s))
  const result = {
    interpreter,
    states,
    transitions: states.reduce((sum, { moves }) => sum + moves.length, 0),
    depth: Math.max(...states.map((s) => s.depth)),
    deadlocks: deadlocked.length,
    faults,
  }
  const findings = new Map(
    plan.properties.map((p) => [p.id, evaluate({ ...result, findings: new Map() }, p)]),
  )
  return { ...result, findings }
}

/** Whether a state is terminal and some thread is not at a valid end. */
export function isDeadlock(
  interpreter: Interpreter,
  { state, moves }: Pick<Reached, 'state' | 'moves'>,
): boolean {
  return moves.length === 0 && interpreter.actors.some((_, n) => !interpreter.isAtValidEnd(n, state))
}

/** Whether the antecedent of an action property is true for a step, and whether the step violates it. */
export function evaluateStep(
  interpreter: Interpreter,
  p: PropertyPlan & { kind: 'action' },
  before: State,
  { actor, path, to }: Move,
): { readonly concerns: boolean; readonly breaks: boolean } {
  const { kind, self } = interpreter.actors[actor]
  const concerns =
    to !== null &&
    kind === p.of &&
    (p.path === null || path === p.path) &&
    (p.given === null || interpreter.holds(p.given, before, self))
  return {
    concerns,
    breaks:
      concerns &&
      !interpreter.holds(p.before, before, self) &&
      !interpreter.holds(p.after, to as State, self),
  }
}

/** Numbers of the states from which no goal can be reached. */
export function lost(result: Pick<NaiveResult, 'states'>, isGoal: (state: State) => boolean): Set<number> {
  const { states } = result
  const saved = new Set(states.flatMap(({ state }, n) => (isGoal(state) ? [n] : [])))
  for (let before = -1; before !== saved.size; ) {
    before = saved.size
    states.forEach(({ moves }, n) => {
      if (moves.some((m) => saved.has(m.target))) saved.add(n)
    })
  }
  return new Set(states.flatMap((_, n) => (saved.has(n) ? [] : [n])))
}

function evaluate(result: NaiveResult, p: PropertyPlan): NaiveFinding {
  const { interpreter, states } = result
  if (isLivenessPlan(p)) return { ...violatedOnCycles(result, p), trace: null }
  const some = (isBad: (s: Reached, n: number) => boolean, antecedent: number): NaiveFinding => {
    const first = states.findIndex(isBad)
    return { found: first >= 0, antecedent, trace: first < 0 ? null : traceTo(states, first, null) }
  }
  const count = (test: (s: Reached) => boolean): number => states.filter(test).length
  switch (p.kind) {
    case 'invariant': {
      const { given } = p
      const concerns = ({ state }: Reached): boolean => given === null || interpreter.holds(given, state)
      return some((s) => concerns(s) && !interpreter.holds(p.holds, s.state), count(concerns))
    }
    case 'witness': {
      const seen = ({ state }: Reached): boolean => interpreter.holds(p.seen, state)
      return some(seen, count(seen))
    }
    case 'progress': {
      const without = lost(result, (state) => interpreter.holds(p.goal, state))
      return some(
        (_, n) => without.has(n),
        count(({ state }) => interpreter.holds(p.goal, state)),
      )
    }
    case 'deadlock':
      return some((s) => isDeadlock(interpreter, s), states.length)
    case 'fault':
      return someStep(states, (_, move) => ({ concerns: false, breaks: move.fault === p.id }), states.length)
    case 'action':
      return someStep(states, ({ state }, move) => evaluateStep(interpreter, p, state, move))
  }
}

function someStep(
  states: readonly Reached[],
  evaluateMove: (s: Reached, move: Move) => { readonly concerns: boolean; readonly breaks: boolean },
  antecedent?: number,
): NaiveFinding {
  let concerned = 0
  let trace: NaiveFinding['trace'] = null
  states.forEach((s, n) => {
    for (const move of s.moves) {
      const { concerns, breaks } = evaluateMove(s, move)
      if (concerns) concerned++
      if (breaks) trace ??= traceTo(states, n, move)
    }
  })
  return { found: trace !== null, antecedent: antecedent ?? concerned, trace }
}

/** The trace to a state, and one more step if `last` is given. */
function traceTo(
  states: readonly Reached[],
  n: number,
  last: Move | null,
): NonNullable<NaiveFinding['trace']> {
  const steps: NamedStep[] = []
  let at = states[n]
  for (; at.from !== null; at = states[at.from.state]) steps.unshift(at.from.step)
  if (last !== null) steps.push({ thread: last.thread, step: last.path })
  return { initial: at.root, steps }
}
