import { choice, program, type Step, step } from '../../../model/language/program.ts'
import type { Fairness, LivenessProperty } from '../../../model/language/property.ts'
import { range, struct, type View } from '../../../model/language/shapes.ts'
import { compose, one, type System } from '../../../model/language/system.ts'
import { evaluateLiveness, type LivenessOptions } from '../liveness/liveness.ts'
import type { PropertyResult } from '../result.ts'
import { naiveGraphOf, naiveVerdict, problemInLasso } from './naive-liveness.ts'

/** Systems written as lists of labelled transitions, and liveness properties of them. */

const world = struct({ x: range(0, 9) })
export type World = View<typeof world>

/** Threads that move a number, 0 at first, along labelled transitions: `0 go 1, 1 back 0` is from, step name, to. */
export function labelledTransitions(threads: Readonly<Record<string, string>>): System<World> {
  return compose({
    name: 'labelledTransitions',
    world,
    threads: Object.entries(threads).map(([kind, list]) =>
      one(program<World>(kind, kind, [choice('run', list.split(', ').map(transitionStep))])),
    ),
    initial: [() => {}],
  })
}

function transitionStep(labelled: string): Step<World> {
  const [from, name, to] = labelled.split(' ')
  return step<World>(
    name,
    {},
    {
      when: (w) => w.x === Number(from),
      does: (w) => {
        w.x = Number(to)
      },
      to: 'run',
    },
  )
}

/** The number is one of these. */
export const at = (...values: number[]) => {
  return (w: World): boolean => values.includes(w.x)
}
export const eventually = (
  goal: (w: World) => boolean,
  fairness?: readonly Fairness[],
): LivenessProperty<World> => ({
  kind: 'eventually',
  id: 'eventually',
  title: '',
  goal,
  ...(fairness === undefined ? {} : { fairness }),
})
export const leadsTo = (
  given: (w: World) => boolean,
  goal: (w: World) => boolean,
  fairness?: readonly Fairness[],
): LivenessProperty<World> => ({
  kind: 'leads-to',
  id: 'leads-to',
  title: '',
  given,
  goal,
  ...(fairness === undefined ? {} : { fairness }),
})

/**
 * Evaluates one property.
 * @throws Error if the naive checker finds the lasso wrong or, in an unlimited search, gives another verdict.
 */
export function checkLiveness(
  system: System,
  property: LivenessProperty<never>,
  options: LivenessOptions = {},
): PropertyResult {
  const [result] = evaluateLiveness(system, [property], options)
  const wrong =
    result.verdict === 'violated'
      ? problemInLasso(system, property, result)
      : result.trace && 'a trace without a violation'
  if (wrong !== null) throw new Error(`${property.id}: ${wrong}`)
  if (Object.keys(options).length > 0) return result
  const expected = naiveVerdict(naiveGraphOf(system), property)
  if (result.verdict !== expected)
    throw new Error(`${property.id}: ${result.verdict}, but the naive checker says ${expected}`)
  return result
}

/** The steps of the trace, `a.go`. */
export const names = (result: PropertyResult): string[] =>
  result.trace?.steps.map((s) => `${s.thread}.${s.step}`) ?? []
export const strong: readonly Fairness[] = [{ strength: 'strong', of: 'thread' }]
