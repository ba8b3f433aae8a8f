import { Oops } from '../model/language/property.ts'
import { QuickCheck } from './quick-check.ts'
import { QuickSteps } from './quick-steps.ts'
import type { Replayed } from './replay.ts'

/** What becomes of a trace in which one step moves its thread on, and changes nothing else. */
export type Necessity =
  /** The step itself is the failure. */
  | { readonly kind: 'fails-here' }
  /** It changes nothing but the program counter of its thread. */
  | { readonly kind: 'moves-on' }
  /** A later step could not be taken. */
  | { readonly kind: 'enables'; readonly step: number }
  /** The property would hold at the end. */
  | { readonly kind: 'decides' }
  /** The trace would fail all the same. */
  | { readonly kind: 'not-needed' }
  /** The end cannot be judged without a search. */
  | { readonly kind: 'open' }

/** Why each step of a trace is needed: the trace is taken again without the effect of that step. */
export function necessities(replayed: Replayed): Necessity[] {
  const { steps } = replayed
  return steps.map((_, index) => {
    if (index === steps.length - 1) return { kind: 'fails-here' }
    return steps[index].changes.length === 0 ? { kind: 'moves-on' } : withoutEffect(replayed, index)
  })
}

function withoutEffect(
  { system, property, states, steps, counterexample }: Replayed,
  index: number,
): Necessity {
  const run = new QuickSteps(system)
  run.state.set(states[index])
  const names = counterexample.steps
  try {
    if (run.pass(names[index]) !== 'taken') return { kind: 'open' }
    const start = run.state.slice()
    for (let n = index + 1; n < steps.length - 1; n++) {
      const outcome = run.take(names[n])
      if (outcome !== 'taken') return { kind: 'enables', step: n }
    }
    const last = run.take(names[steps.length - 1])
    if (last === 'blocked' || (last instanceof Oops && property.kind !== 'fault'))
      return { kind: 'enables', step: steps.length - 1 }
    const from = { ...system, initial: [start] }
    const fails = new QuickCheck(from, property).fails({ initial: 0, steps: names.slice(index + 1) })
    if (fails === null || counterexample.loopStart !== null) return { kind: 'open' }
    return { kind: fails ? 'not-needed' : 'decides' }
  } catch {
    // Model code may throw in a state that cannot occur.
    return { kind: 'open' }
  }
}
