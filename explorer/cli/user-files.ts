import type { FoundViolation } from '../../counterexamples/counterexample-file.ts'
import type { UserDesign } from './user-design.ts'
import type { UserScenario } from './user-scenario.ts'

/** The user's files that the scenario and the design of a search come from; a replay needs their contents. */
export interface UserFiles {
  readonly scenario?: UserScenario
  readonly design?: UserDesign
}

export const userFiles = (scenario: UserScenario | undefined, design: UserDesign | undefined): UserFiles => ({
  ...(scenario === undefined ? {} : { scenario }),
  ...(design === undefined ? {} : { design }),
})

/** What a counterexample contains of them. */
export function carriedBy({
  scenario,
  design,
}: UserFiles = {}): Pick<FoundViolation, 'scenarioFile' | 'designFile'> {
  return {
    ...(scenario === undefined ? {} : { scenarioFile: scenario.data }),
    ...(design === undefined ? {} : { designFile: design.data }),
  }
}
