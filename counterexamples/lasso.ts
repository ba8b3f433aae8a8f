import {
  type Fairness,
  type LivenessProperty,
  type NoSoloCycle,
  type StatePredicate,
  WEAK_FAIRNESS,
} from '../model/language/property.ts'
import type { Reference } from '../model/language/reference.ts'
import type { System } from '../model/language/system.ts'
import type { FairnessReason, Trace, TraceStep } from '../model/language/trace.ts'
import type { Observer } from './observer.ts'

/** An infinite behaviour to be checked; `states` has one state more than the trace has steps. */
export interface Lasso {
  readonly system: System
  readonly property: LivenessProperty<never>
  readonly trace: Trace
  readonly states: readonly Uint16Array[]
  readonly reference: Reference
  readonly observer: Observer
}

/**
 * Null when the lasso violates the liveness property: its loop closes, it is fair, and the property fails on it for
 * some thread. Otherwise the reason why it does not.
 */
export function whyNoBadLoop(lasso: Lasso): string | null {
  const { property, trace, states, system } = lasso
  const start = trace.loopStart
  if (start === undefined) return 'it has no loop, and only an infinite behaviour can violate the property'
  if (start < 0 || start > trace.steps.length) return `its loop begins at step ${start}, which does not exist`
  const last = states[states.length - 1]
  const open = system.layout.fields.find(({ index }) => last[index] !== states[start][index])
  if (open !== undefined) return `its loop does not close: ${open.path} differs at the end`
  const kind = property.each
  const selves =
    kind === undefined ? [0] : system.threads.filter((t) => t.program.kind === kind).map((t) => t.self)
  const reasons = selves.map((self) => whyNotFor(lasso, start, self))
  const reason = reasons.includes(null) ? null : (reasons[0] ?? `there is no thread of kind ${kind}`)
  if (reason !== null || property.kind === 'no-solo-cycle') return reason
  return whyUnfair(lasso, start, property.fairness ?? WEAK_FAIRNESS)
}

/** The states of the loop, from its first to the one that closes it. */
export function loopStates({ states, trace }: Pick<Lasso, 'states' | 'trace'>): readonly Uint16Array[] {
  return states.slice(trace.loopStart ?? states.length)
}

function whyNotFor(lasso: Lasso, start: number, self: number): string | null {
  const { property, states } = lasso
  const loop = states.slice(start)
  const holds = (situation: StatePredicate<never>, state: Uint16Array): boolean =>
    lasso.observer.state(state, (w, at) => situation(w, at, self)).answer
  if (property.kind === 'eventually-always') {
    return loop.some((state) => !holds(property.goal, state)) ? null : 'the goal holds throughout its loop'
  }
  if (loop.some((state) => holds(property.goal, state))) return 'the goal holds in its loop'
  if (property.kind === 'no-solo-cycle') return whyNotAlone(lasso, property, start, self)
  // An antecedent after the last state with the goal is never followed by the goal.
  const goals = states.map((state) => holds(property.goal, state))
  const since = goals.lastIndexOf(true) + 1
  if (property.kind === 'eventually') return since === 0 ? null : 'the goal holds before its loop'
  return states.slice(since).some((state) => holds(property.given, state))
    ? null
    : 'the antecedent does not occur after the goal last held'
}

function whyNotAlone(
  { system, trace }: Lasso,
  { each }: NoSoloCycle<never>,
  start: number,
  self: number,
): string | null {
  const steps = trace.steps.slice(start)
  if (steps.length === 0) return 'its loop has no step'
  const alone = system.threads.find((t) => t.program.kind === each && t.self === self)?.name
  return steps.every((s) => s.thread === alone) ? null : `threads other than ${alone} take steps in its loop`
}

function whyUnfair(lasso: Lasso, start: number, fairness: readonly Fairness[]): string | null {
  const broken = keptIn(lasso, start, fairness).find(({ because }) => because === null)
  return broken === undefined
    ? null
    : `its loop never takes ${broken.who}, which ${broken.strength} fairness does not allow`
}

/** Why the loop of a lasso that violates a property is fair, by constraint; null for a property without fairness. */
export function fairnessOf(lasso: Lasso): FairnessReason[] | null {
  const { property, trace } = lasso
  if (property.kind === 'no-solo-cycle' || trace.loopStart === undefined) return null
  return keptIn(lasso, trace.loopStart, property.fairness ?? WEAK_FAIRNESS).flatMap(
    ({ strength, who, because }) =>
      because === null ? [] : [{ constraint: `${strength} fairness of ${who}`, because }],
  )
}

/** A constraint on a thread or a step, and why the loop keeps it; null if it does not. */
interface Kept {
  readonly strength: Fairness['strength']
  readonly who: string
  readonly because: string | null
}

function keptIn(
  { system, trace, states, reference }: Lasso,
  start: number,
  fairness: readonly Fairness[],
): Kept[] {
  const taken = trace.steps.slice(start)
  const possible = states.slice(start).map((state) => {
    const atEnd = new Set(
      system.threads
        .filter(({ flow, counter }) => flow.validEnds.has(flow.counters[state[counter.index]]))
        .map(({ name }) => name),
    )
    return reference
      .enabled(reference.snapshot(state))
      .map((step) => ({ ...step, validEnd: atEnd.has(step.thread) }))
  })
  return fairness.flatMap(({ strength, of, kinds, paths }) => {
    const required = system.threads
      .filter((t) => kinds === undefined || kinds.includes(t.program.kind))
      .flatMap(({ name, flow }): { who: string; covers: (s: TraceStep) => boolean }[] =>
        of === 'thread'
          ? [{ who: name, covers: (s) => s.thread === name }]
          : flow.steps
              .filter(({ path }) => paths === undefined || paths.includes(path))
              .map(({ path }) => ({
                who: `${name} ${path}`,
                covers: (s) => s.thread === name && s.step === path,
              })),
      )
    return required.map(({ who, covers }): Kept => {
      const at = taken.findIndex(covers)
      if (at >= 0) return { strength, who, because: `taken in step ${start + at + 1}` }
      // Fairness does not require a step in a valid end state, unless the constraint names the step.
      const enabled = possible.map((steps) =>
        steps.some((s) => covers(s) && (!s.validEnd || (of === 'step' && paths !== undefined))),
      )
      if (strength === 'strong') {
        return { strength, who, because: enabled.some(Boolean) ? null : 'never owed in the loop' }
      }
      const idle = enabled.indexOf(false)
      return { strength, who, because: idle < 0 ? null : `not owed after step ${start + idle}` }
    })
  })
}
