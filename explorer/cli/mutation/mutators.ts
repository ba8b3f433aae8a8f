import type { Scenario } from '../../../model/scenarios/scenario.ts'
import { InternalError } from '../errors.ts'
import { dropSteps } from './drop-steps.ts'
import { fixGuards } from './fix-guards.ts'
import { type Mutant, type MutantName, type Mutator, programsOf } from './mutator.ts'
import { splitSections } from './split-sections.ts'
import { swapSteps } from './swap-steps.ts'

/** All kinds of changes, as `--only` names them. */
export const MUTATORS: readonly Mutator[] = [dropSteps, swapSteps, fixGuards, splitSections]

/** A mutant of a scenario. @throws InternalError if the scenario has none of this name. */
export function findMutant(scenario: Scenario<unknown>, { mutator, id }: MutantName): Mutant {
  const mutants = MUTATORS.find((each) => each.id === mutator)?.mutants(programsOf(scenario)) ?? []
  const found = mutants.find((mutant) => mutant.id === id)
  if (found === undefined) throw new InternalError(`scenario ${scenario.id} has no mutant ${mutator} ${id}`)
  return found
}
