import {
  type Fairness,
  type LivenessProperty,
  type NoSoloCycle,
  type StatePredicate,
  WEAK_FAIRNESS,
} from '../model/language/property.ts'
import type { Reference } from '../model/language/reference.ts'
import type { System } from '../model/language/system.ts'
import type { Trace, TraceStep } from '../model/language/trace.ts'
import type { Observer } from './observer.ts'

/** An endless behaviour to be judged: `states` has one state more than the trace has steps. */
export interface Lasso {
  readonly system: System
  readonly property: LivenessProperty<never>
  readonly trace: Trace
  readonly states: readonly Uint16Array[]
  readonly reference: Reference
  readonly observer: Observer
}

/**
 * Null when the behaviour violates the liveness property: its loop closes, is fair as the property asks, and
 * the property fails on it for one thread. Else why it does not.
 */
export function whyNoBadLoop(lasso: Lasso): string | null {
  const { property, trace, states, system } = lasso
  const start = trace.loopStart
  if (start === undefined) return 'it has no loop, and only an endless behaviour can violate the property'
  if (start < 0 || start > trace.steps.length)
    return `its loop begins at step ${start}, which it does not have`
  const last = states[states.length - 1]
  const open = system.layout.fields.find(({ index }) => last[index] !== states[start][index])
  if (open !== undefined) return `its loop does not close: ${open.path} differs when it ends`
  const kind = property.each
  const selves =
    kind === undefined ? [0] : system.threads.filter((t) => t.program.kind === kind).map((t) => t.self)
  const reasons = selves.map((self) => whyNotFor(lasso, start, self))
  const reason = reasons.includes(null) ? null : (reasons[0] ?? `there is no thread of kind ${kind}`)
  if (reason !== null || property.kind === 'no-solo-cycle') return reason
  return whyUnfair(lasso, start, property.fairness ?? WEAK_FAIRNESS)
}

/** The states in which the behaviour is again and again. */
export function loopStates({ states, trace }: Pick<Lasso, 'states' | 'trace'>): readonly Uint16Array[] {
  return states.slice(trace.loopStart ?? states.length)
}

function whyNotFor(lasso: Lasso, start: number, self: number): string | null {
  const { property, states } = lasso
  const loop = states.slice(start)
  const holds = (situation: StatePredicate<never>, codes: Uint16Array): boolean =>
    lasso.observer.state(codes, (w, at) => situation(w, at, self)).answer
  if (property.kind === 'eventually-always') {
    return loop.some((codes) => !holds(property.goal, codes)) ? null : 'the goal holds all through its loop'
  }
  if (loop.some((codes) => holds(property.goal, codes))) return 'the goal holds in its loop'
  if (property.kind === 'no-solo-cycle') return whyNotAlone(lasso, property, start, self)
  // The states after the last one with the goal: what was promised there is never kept.
  const goals = states.map((codes) => holds(property.goal, codes))
  const since = goals.lastIndexOf(true) + 1
  if (property.kind === 'eventually') return since === 0 ? null : 'the goal holds before its loop'
  return states.slice(since).some((codes) => holds(property.given, codes))
    ? null
    : 'nothing that should lead to the goal happens'
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
  return steps.every((s) => s.thread === alone) ? null : `others than ${alone} move in its loop`
}

function whyUnfair(
  { system, trace, states, reference }: Lasso,
  start: number,
  fairness: readonly Fairness[],
): string | null {
  const taken = trace.steps.slice(start)
  const possible = states.slice(start).map((codes) => {
    const resting = new Set(
      system.threads
        .filter(({ flow, counter }) => flow.validEnds.has(flow.counters[codes[counter.index]]))
        .map(({ name }) => name),
    )
    return reference
      .enabled(reference.snapshot(codes))
      .map((step) => ({ ...step, rests: resting.has(step.thread) }))
  })
  for (const { strength, of, kinds, paths } of fairness) {
    const owed = system.threads
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
    for (const { who, covers } of owed) {
      if (taken.some(covers)) continue
      // Where a thread may rest it is owed nothing, unless the step is asked for by name.
      const able = possible.map((steps) =>
        steps.some((s) => covers(s) && (!s.rests || (of === 'step' && paths !== undefined))),
      )
      if (strength === 'weak' ? able.every(Boolean) : able.some(Boolean)) {
        return `its loop passes over ${who}, which ${strength} fairness does not allow`
      }
    }
  }
  return null
}
