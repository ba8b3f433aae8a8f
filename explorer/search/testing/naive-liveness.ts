import { type LivenessProperty, Oops, WEAK_FAIRNESS } from '../../../model/language/property.ts'
import type { System } from '../../../model/language/system.ts'
import type { PropertyResult } from '../result.ts'

/**
 * A naive reference checker for liveness: states are strings, and fair behaviours are found by the fixpoints of Emerson
 * and Lei (1986) over sets of moves, where the engine looks for strongly connected components. It shares nothing with
 * the engine except the modelling language.
 */

/** A step from a state, or staying there without a step (`thread` null). After an oops there is no state (`to` null). */
interface Move {
  readonly from: string
  readonly to: string | null
  readonly thread: string | null
  readonly path: string | null
}

/** The whole graph of a system, by running model code. */
export interface NaiveGraph<W> {
  readonly system: System<W>
  readonly states: ReadonlyMap<string, readonly Move[]>
  readonly initial: readonly string[]
}

interface Owed {
  readonly strong: boolean
  readonly name: string
  /** Whether a move satisfies the constraint. */
  readonly takes: (move: Move) => boolean
  /** Whether an enabled move is owed: its thread is not at a valid end, or the constraint names the step. */
  readonly isOwed: (move: Move) => boolean
}

const encodedOf = (key: string): number[] => key.split(' ').map(Number)

function viewOf<W>(system: System<W>, encoded: number[]) {
  return system.view({
    read: (field) => encoded[field],
    write: (field, value) => {
      encoded[field] = value
    },
  })
}

/** The moves from a state, including staying there. */
function movesFrom<W>(system: System<W>, from: string): Move[] {
  const moves: Move[] = [{ from, to: from, thread: null, path: null }]
  for (const { name, self, flow, counter } of system.threads) {
    const here = flow.counters[encodedOf(from)[counter.index]]
    for (const located of flow.steps.filter((l) => l.at === here)) {
      const encoded = encodedOf(from)
      const { world } = viewOf(system, encoded)
      try {
        const taken = located.step.cases.findIndex((c) => c.when === undefined || c.when(world, self))
        if (taken < 0) continue
        located.step.cases[taken].does?.(world, self)
        encoded[counter.index] = flow.counters.indexOf(flow.target(located, taken))
        moves.push({ from, to: encoded.join(' '), thread: name, path: located.path })
      } catch (error) {
        if (!(error instanceof Oops)) throw error
        moves.push({ from, to: null, thread: name, path: located.path })
      }
    }
  }
  return moves
}

/** Explores a system, of some thousand states at most. */
export function naiveGraphOf<W>(system: System<W>): NaiveGraph<W> {
  const initial = [...new Set(system.initial.map((encoded) => [...encoded].join(' ')))]
  const states = new Map<string, readonly Move[]>()
  const known = new Set(initial)
  for (const key of known) {
    states.set(key, movesFrom(system, key))
    for (const { to } of movesFrom(system, key)) if (to !== null) known.add(to)
  }
  return { system, states, initial }
}

function owedBy<W>(system: System<W>, property: LivenessProperty<W>): Owed[] {
  if (property.kind === 'no-solo-cycle') return []
  const owed: Owed[] = []
  for (const fairness of property.fairness ?? WEAK_FAIRNESS) {
    const strong = fairness.strength === 'strong'
    for (const { name, program, flow, counter } of system.threads) {
      const busy = (m: Move): boolean => !flow.validEnds.has(flow.counters[encodedOf(m.from)[counter.index]])
      if (fairness.kinds !== undefined && !fairness.kinds.includes(program.kind)) continue
      if (fairness.of === 'thread') {
        const takes = (m: Move): boolean => m.thread === name
        owed.push({ strong, name, takes, isOwed: (m) => takes(m) && busy(m) })
      } else {
        for (const { path } of flow.steps) {
          if (fairness.paths !== undefined && !fairness.paths.includes(path)) continue
          const takes = (m: Move): boolean => m.thread === name && m.path === path
          const named = fairness.paths !== undefined
          owed.push({ strong, name: `${name} ${path}`, takes, isOwed: (m) => takes(m) && (named || busy(m)) })
        }
      }
    }
  }
  return owed
}

/** States from which a fair behaviour can stay in `allowed` forever and visit `again` infinitely often. */
function fairStates<W>(
  { states }: NaiveGraph<W>,
  owed: readonly Owed[],
  allowed: (key: string) => boolean,
  again: (key: string) => boolean,
): Set<string> {
  const able = (o: Owed, key: string): boolean => (states.get(key) as readonly Move[]).some(o.isOwed)
  const strong = owed.filter((o) => o.strong)
  const fair = new Set<string>()
  // Each strong constraint is either not owed from some time on, or taken infinitely often: try every choice.
  for (let choice = 0; choice < 2 ** strong.length; choice++) {
    const idle = strong.filter((_, i) => ((choice >> i) & 1) === 1)
    const ok = (key: string): boolean => allowed(key) && !idle.some((o) => able(o, key))
    const recurring: ((m: Move) => boolean)[] = [
      (m) => again(m.from),
      ...owed
        .filter((o) => !idle.includes(o))
        .map(
          (o) =>
            (m: Move): boolean =>
              o.takes(m) || (!o.strong && !able(o, m.from)),
        ),
    ]
    let alive = new Set([...states.values()].flat().filter((m) => m.to !== null && ok(m.from) && ok(m.to)))
    for (let before = -1; before !== alive.size; ) {
      before = alive.size
      for (const wanted of recurring) {
        const reaching = new Set([...alive].filter(wanted).map((m) => m.from))
        for (let size = -1; size !== reaching.size; ) {
          size = reaching.size
          for (const m of alive) if (reaching.has(m.to as string)) reaching.add(m.from)
        }
        alive = new Set([...alive].filter((m) => reaching.has(m.to as string)))
      }
    }
    for (const m of alive) fair.add(m.from)
  }
  return fair
}

/** The states reachable from `start` through states that `allowed` admits. */
function reach<W>(
  { states }: NaiveGraph<W>,
  start: readonly string[],
  allowed: (key: string) => boolean,
): Set<string> {
  const reached = new Set(start.filter(allowed))
  for (const key of reached) {
    for (const { to } of states.get(key) as readonly Move[]) if (to !== null && allowed(to)) reached.add(to)
  }
  return reached
}

/** The verdict on a property, over all threads that it is stated for. */
export function naiveVerdict<W>(
  naive: NaiveGraph<W>,
  property: LivenessProperty<W>,
): PropertyResult['verdict'] {
  const { system, states, initial } = naive
  const owed = owedBy(system, property)
  let isVacuous = true
  for (const thread of models(system, property)) {
    const self = thread?.self ?? 0
    const holds = (predicate: typeof property.goal, key: string): boolean => {
      const { world, at } = viewOf(system, encodedOf(key))
      return predicate(world, at, self)
    }
    const notGoal = (key: string): boolean => !holds(property.goal, key)
    if (property.kind === 'no-solo-cycle') {
      let going = new Set([...states.keys()].filter(notGoal))
      if (going.size > 0) isVacuous = false
      for (let size = -1; size !== going.size; ) {
        size = going.size
        const moves = (key: string) => states.get(key) as readonly Move[]
        const goesOn = (key: string): boolean =>
          moves(key).some((m) => m.thread === thread?.name && m.to !== null && going.has(m.to))
        going = new Set([...going].filter(goesOn))
      }
      if (going.size > 0) return 'violated'
      continue
    }
    const everywhere = (): boolean => true
    const allowed = property.kind === 'eventually-always' ? everywhere : notGoal
    const again = property.kind === 'eventually-always' ? notGoal : everywhere
    const start =
      property.kind === 'leads-to'
        ? [...states.keys()].filter((key) => holds(property.given, key))
        : [...initial]
    if (start.length > 0) isVacuous = false
    const waiting = reach(naive, start, allowed)
    const fair = fairStates(naive, owed, allowed, again)
    if ([...waiting].some((key) => fair.has(key))) return 'violated'
  }
  if ([...states.values()].flat().some((m) => m.to === null)) return 'inconclusive'
  return isVacuous ? 'vacuous' : 'holds'
}

function models<W>(system: System<W>, { each }: LivenessProperty<W>) {
  return each === undefined ? [undefined] : system.threads.filter((t) => t.program.kind === each)
}

/** What is wrong with a lasso as a violation of its property; null if nothing is. */
export function problemInLasso<W>(
  system: System<W>,
  property: LivenessProperty<W>,
  { trace, subject }: PropertyResult,
): string | null {
  if (trace?.loopStart === undefined) return 'no lasso'
  const { loopStart } = trace
  const keys = [[...system.initial[trace.initial]].join(' ')]
  const moves: Move[] = []
  for (const { thread, step } of trace.steps) {
    const move = movesFrom(system, keys[keys.length - 1]).find((m) => m.thread === thread && m.path === step)
    if (move === undefined || move.to === null) return `${thread} cannot take ${step}`
    moves.push(move)
    keys.push(move.to)
  }
  const loop = keys.slice(loopStart)
  const loopMoves = moves.slice(loopStart)
  if (loop.length === 0) return 'the loop begins after the end'
  if (loop[0] !== loop[loop.length - 1]) return 'the loop does not close'

  const self = system.threads.find((t) => t.name === subject)?.self ?? 0
  const holds = (predicate: typeof property.goal, key: string): boolean => {
    const { world, at } = viewOf(system, encodedOf(key))
    return predicate(world, at, self)
  }
  const goals = keys.map((key) => holds(property.goal, key))
  if (property.kind === 'no-solo-cycle') {
    if (loopMoves.length === 0) return 'the cycle has no step'
    if (loopMoves.some((m) => m.thread !== subject)) return 'another thread moves in the cycle'
    return goals.slice(loopStart).includes(true) ? 'the goal holds in the cycle' : null
  }
  if (property.kind === 'eventually' && goals.includes(true)) return 'the goal holds'
  if (property.kind === 'eventually-always' && !goals.slice(loopStart).includes(false))
    return 'the goal holds all along the loop'
  if (property.kind === 'leads-to') {
    const after = goals.lastIndexOf(true) + 1
    if (after > loopStart) return 'the goal holds in the loop'
    if (!keys.slice(after, loopStart + 1).some((key) => holds(property.given, key)))
      return 'nothing is awaited'
  }
  for (const o of owedBy(system, property)) {
    const able = (key: string): boolean => movesFrom(system, key).some(o.isOwed)
    const fair = loopMoves.some(o.takes) || (o.strong ? !loop.some(able) : !loop.every(able))
    if (!fair) return `the loop is not fair to ${o.name}`
  }
  return null
}
