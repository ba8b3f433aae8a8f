import { counterexampleOf } from '../../../counterexamples/counterexample-file.ts'
import { raceDiagram } from '../../../counterexamples/diagram.ts'
import { replay } from '../../../counterexamples/replay.ts'
import { quickly, shrink } from '../../../counterexamples/shrink.ts'
import { Verifier } from '../../../counterexamples/verifier.ts'
import type { Design } from '../../../model/designs/design.ts'
import type { Change } from '../../../model/scenarios/additions.ts'
import { goalReachableIn, wayOnIn } from '../../search/index.ts'
import { findProperty, oopsPropertiesOf } from '../catalogue.ts'
import type { Checker } from '../checker.ts'
import { InternalError } from '../errors.ts'
import type { Evidence } from './trials.ts'

/** Draws the race of a mutant that was noticed, replayed by xstate and shrunk. */
export function raceOf(
  { catalogue, version, modelHash }: Checker,
  base: Design<unknown>,
  { scenario, mutant, result }: Evidence,
): string[] {
  const system = scenario.build(mutant as Change<unknown>)
  const property = findProperty(catalogue, result.id, base)
  const faults = oopsPropertiesOf(catalogue, base)
  const goalReachable = goalReachableIn(system, { faults })
  const verifier = new Verifier(system, property, goalReachable)
  if (result.trace === null) throw new InternalError(`${result.id} is violated without a trace`)
  const trace = shrink(result.trace, system, quickly(system, property, verifier), { shortest: true })
  const ce = counterexampleOf({
    tool: version,
    scenario: scenario.id,
    design: base.id,
    property: result,
    trace,
    model: modelHash(),
    subject: result.subject,
    fairness: result.fairness,
  })
  const replayed = replay(
    ce,
    () => ({
      system,
      property,
      scenario,
      design: { id: base.id, title: `${base.title}, changed: ${mutant.id}` },
      changedSteps: new Set(mutant.places.map(({ machine, path }) => `${machine}.${path}`)),
      checker: { version, model: modelHash() },
    }),
    goalReachable,
    wayOnIn(system, { faults }),
  )
  return raceDiagram(replayed)
}
