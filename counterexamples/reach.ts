import { Oops } from '../model/language/property.ts'
import type { System } from '../model/language/system.ts'
import type { TraceStep } from '../model/language/trace.ts'
import type { Condition } from './expression.ts'
import { QuickSteps } from './quick-steps.ts'

/** The steps to a nearest state in which a condition holds; `unknown` if too many states had to be looked at. */
export type Reached = readonly TraceStep[] | 'unknown' | null

const MOST_STATES = 50_000

/** Looks for a nearest state, after at least one step, in which a condition holds. Null if there is none. */
export function reach(
  system: System,
  from: Uint16Array,
  isReached: Condition,
  mostStates = MOST_STATES,
): Reached {
  const run = new QuickSteps(system)
  const states = [from]
  const came: { readonly from: number; readonly step: TraceStep | null }[] = [{ from: -1, step: null }]
  const seen = new Set([textOf(from)])
  const wayTo = (last: number): TraceStep[] => {
    const steps: TraceStep[] = []
    for (let n = last; came[n].step !== null; n = came[n].from) steps.unshift(came[n].step as TraceStep)
    return steps
  }
  for (let n = 0; n < states.length; n++) {
    run.state.set(states[n])
    for (const step of [...run.here()]) {
      run.state.set(states[n])
      const outcome = run.take(step)
      if (outcome === 'blocked' || outcome instanceof Oops) continue
      const text = textOf(run.state)
      if (isReached(run.state)) return [...wayTo(n), step]
      if (seen.has(text)) continue
      if (states.length >= mostStates) return 'unknown'
      seen.add(text)
      states.push(run.state.slice())
      came.push({ from: n, step })
    }
  }
  return null
}

const textOf = (state: Uint16Array): string => String.fromCharCode(...state)
