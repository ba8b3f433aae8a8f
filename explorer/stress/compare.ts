import type { Trace } from '../../model/language/trace.ts'
import type { PropertyResult, SearchResult } from '../search/index.ts'
import type { State } from './interpreter.ts'
import { evaluateStep, isDeadlock, lost } from './naive-checker.ts'
import { problemInLasso } from './naive-liveness.ts'
import type { NaiveFinding, NaiveResult } from './naive-result.ts'
import { isLivenessPlan, type PropertyPlan, type SystemPlan } from './plan.ts'

/** Which parts of a result must agree. */
export interface Relation {
  /** `equal`: states, transitions, antecedents and traces. `orbits`: up to symmetry. `fewer`: up to left-out steps. */
  readonly counts: 'equal' | 'orbits' | 'fewer' | 'none'
  /** With fingerprints, always-possible and liveness properties are inconclusive. */
  readonly storage: 'exact' | 'fingerprint'
  /** Whether the search is bounded, and so may be incomplete. */
  readonly bounded: boolean
  /** Whether behaviours were sampled: then no property may be said to hold. */
  readonly sampled: boolean
}

/** Where a result contradicts the naive checker, as sentences; empty if they agree. */
export function disagreements(
  plan: SystemPlan,
  naive: NaiveResult,
  result: SearchResult,
  relation: Relation,
): string[] {
  const wrong: string[] = []
  const same = (what: string, ours: unknown, theirs: unknown): void => {
    const [a, b] = [JSON.stringify(ours), JSON.stringify(theirs)]
    if (a !== b) wrong.push(`${what}: ${a} by the engine, ${b} by the naive checker`)
  }
  const unnamed = [...naive.faults].some((id) => !plan.properties.some((p) => p.id === id))
  if (!relation.bounded && !relation.sampled) same('complete', result.complete, !unnamed)
  if (result.complete !== (result.incompleteReason === null))
    wrong.push(`complete is ${result.complete}, with the reason ${result.incompleteReason}`)
  if (result.complete && unnamed) wrong.push('complete, though an oops occurs that no property names')
  if (relation.sampled && result.complete) wrong.push('complete, though it only samples')
  const isWhole = isWholeIn(relation, result.complete)
  const { symmetry } = result.reduction
  if (isWhole && relation.counts === 'orbits' && symmetry !== null) {
    // If the initial states are not closed under renaming, some of the states represented are not reachable.
    const isRight = symmetry.closed
      ? symmetry.represented === naive.states.length
      : symmetry.represented >= naive.states.length
    if (!isRight) wrong.push(`stands for ${symmetry.represented} states; there are ${naive.states.length}`)
  }
  if (isWhole && relation.counts === 'equal') {
    same('states', result.states, naive.states.length)
    same('transitions', result.transitions, naive.transitions)
    same('deadlocks', result.deadlocks, naive.deadlocks)
    same('steps taken', sortedSteps(result.steps), sortedSteps(stepsTaken(naive)))
  } else if (result.states > naive.states.length && !relation.sampled) {
    wrong.push(`${result.states} states, though there are ${naive.states.length}`)
  }
  if (isWhole && relation.counts !== 'fewer') same('depth', result.depth, naive.depth)
  if (isWhole) same('some deadlock', result.deadlocks > 0, naive.deadlocks > 0)
  same(
    'properties',
    result.properties.map((r) => r.id),
    plan.properties.map((p) => p.id),
  )
  for (const [n, p] of plan.properties.entries()) {
    const found = result.properties[n] as PropertyResult
    const truth = naive.findings.get(p.id) as NaiveFinding
    wrong.push(
      ...disagreement(plan, naive, p, found, truth, relation, result.complete).map((s) => `${p.id}: ${s}`),
    )
  }
  return wrong
}

/** Whether a search has visited everything, so that its counts must agree; so has a bounded one that is complete. */
const isWholeIn = ({ bounded, sampled }: Relation, complete: boolean): boolean =>
  !sampled && (!bounded || complete)

/** The verdicts that are right. */
function allowed(
  p: PropertyPlan,
  { found, antecedent }: NaiveFinding,
  naive: NaiveResult,
  relation: Relation,
  complete: boolean,
): string[] {
  const graph = p.kind === 'progress' || isLivenessPlan(p)
  const isFaulty = naive.faults.size > 0
  if (graph && (relation.storage !== 'exact' || relation.sampled)) return ['inconclusive']
  const isOpen = relation.sampled || !complete
  if (found) {
    const isMissed = isOpen || (relation.bounded && isLivenessPlan(p))
    return [p.kind === 'witness' ? 'reached' : 'violated', ...(isMissed ? ['inconclusive'] : [])]
  }
  if (isOpen || isFaulty) return ['inconclusive']
  // Liveness has a separate graph, which a bound may cut though the search is complete.
  const isCut = relation.bounded && isLivenessPlan(p) ? ['inconclusive'] : []
  if (p.kind === 'witness') return ['not-reached']
  return [antecedent === 0 ? 'vacuous' : 'holds', ...isCut]
}

function disagreement(
  plan: SystemPlan,
  naive: NaiveResult,
  p: PropertyPlan,
  { verdict, antecedent, trace, subject, upTo }: PropertyResult,
  truth: NaiveFinding,
  relation: Relation,
  complete: boolean,
): string[] {
  const words = allowed(p, truth, naive, relation, complete)
  const wrong: string[] = []
  if (!words.includes(verdict)) wrong.push(`${verdict}; right is ${words.join(' or ')}`)
  if (upTo !== null && (!naive.faults.has(upTo) || verdict !== 'inconclusive'))
    wrong.push(`${verdict} up to ${upTo}; the faults are ${[...naive.faults].join()}`)
  // Liveness has a separate graph, which a bound may cut though the search is complete.
  const isEvaluated = isLivenessPlan(p) ? relation.storage === 'exact' && !relation.bounded : true
  if (isWholeIn(relation, complete) && isEvaluated) {
    const exact = relation.counts === 'equal' || isLivenessPlan(p)
    const [ours, theirs] = exact ? [antecedent, truth.antecedent] : [antecedent > 0, truth.antecedent > 0]
    if (ours !== theirs) wrong.push(`antecedent ${antecedent}; right is ${truth.antecedent}`)
  }
  const isFound = verdict === 'violated' || verdict === 'reached'
  if (trace === null) {
    if (isFound) wrong.push('found without a trace')
    return wrong
  }
  if (!isFound) wrong.push(`${verdict}, with a trace`)
  const problem = isLivenessPlan(p)
    ? problemInLasso(plan, naive.interpreter, p, trace, subject ?? undefined)
    : problemInTrace(naive, p, trace)
  if (problem !== null) wrong.push(`its trace is wrong: ${problem}`)
  if (truth.trace !== null && !relation.sampled && relation.counts !== 'fewer') {
    const { length } = truth.trace.steps
    if (trace.steps.length !== length)
      wrong.push(`${trace.steps.length} steps; the shortest trace has ${length}`)
    const shown = JSON.stringify([trace.initial, trace.steps])
    if (relation.counts === 'equal' && shown !== JSON.stringify([truth.trace.initial, truth.trace.steps]))
      wrong.push(`the least trace is ${JSON.stringify(truth.trace)}, not ${JSON.stringify(trace)}`)
  }
  return wrong
}

/** What is wrong with a finite trace to a violation or witness; null if nothing is. */
function problemInTrace(
  naive: NaiveResult,
  p: PropertyPlan,
  { initial, steps, loopStart }: Trace,
): string | null {
  const { interpreter } = naive
  if (loopStart !== undefined) return 'it has a loop'
  let before: State = interpreter.initial()[initial]
  for (const [n, { thread, step }] of steps.entries()) {
    const move = interpreter.moves(before).find((m) => m.thread === thread && m.path === step)
    if (move === undefined) return `${thread} cannot take ${step} as step ${n + 1}`
    const isLast = n === steps.length - 1
    if (isLast && p.kind === 'action')
      return evaluateStep(interpreter, p, before, move).breaks ? null : 'the last step breaks nothing'
    if (isLast && p.kind === 'fault') return move.fault === p.id ? null : 'the last step is not the fault'
    if (move.to === null) return `step ${n + 1} ends in a fault`
    before = move.to
  }
  const isReal = ((): boolean => {
    switch (p.kind) {
      case 'invariant':
        return (p.given === null || interpreter.holds(p.given, before)) && !interpreter.holds(p.holds, before)
      case 'witness':
        return interpreter.holds(p.seen, before)
      case 'deadlock':
        return isDeadlock(interpreter, {
          state: before,
          moves: interpreter.moves(before).map((m) => ({ ...m, target: -1 })),
        })
      case 'progress': {
        const key = JSON.stringify(before)
        const at = naive.states.findIndex(({ state }) => JSON.stringify(state) === key)
        return lost(naive, (state) => interpreter.holds(p.goal, state)).has(at)
      }
      default:
        return false
    }
  })()
  return isReal ? null : 'its last state is not one'
}

function stepsTaken({ interpreter, states }: NaiveResult): Map<string, number> {
  const counts = new Map<string, number>()
  for (const { kind, counters } of interpreter.actors)
    for (const { steps } of counters) for (const { path } of steps) counts.set(`${kind}.${path}`, 0)
  for (const { moves } of states)
    for (const { actor, path } of moves) {
      const key = `${interpreter.actors[actor].kind}.${path}`
      counts.set(key, (counts.get(key) as number) + 1)
    }
  return counts
}

const sortedSteps = (steps: ReadonlyMap<string, number>): [string, number][] =>
  [...steps].sort(([a], [b]) => (a < b ? -1 : 1))
