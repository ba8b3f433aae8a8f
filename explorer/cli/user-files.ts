import { basename } from 'node:path'
import type { FoundViolation } from '../../counterexamples/counterexample-file.ts'
import type { DesignCode } from './design-code/design-code.ts'
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
}: UserFiles = {}): Pick<FoundViolation, 'scenarioFile' | 'designFile' | 'designCode'> {
  return {
    ...(scenario === undefined ? {} : { scenarioFile: scenario.data }),
    ...(design?.data === undefined ? {} : { designFile: design.data }),
    ...(design?.code === undefined ? {} : { designCode: recordOf(design.code) }),
  }
}

/** Code is not carried: a counterexample that is mailed is data. Its hash tells whether a file is the right one. */
const recordOf = ({ file, sha256 }: DesignCode): NonNullable<FoundViolation['designCode']> => ({
  file: basename(file).slice(0, 200),
  sha256,
})
