/**
 * KVM: its scenarios and designs, and what new ones are made from. Exported by the package as
 * `mmucheck/kvm`; files of this repository import what they use directly.
 */

export type { Design } from './designs/design.ts'
export { designs } from './designs/index.ts'
export type { Kvm } from './memory/kvm.ts'
export { type Change, changeOf } from './scenarios/additions.ts'
export { type Plan, scenario } from './scenarios/build-scenario.ts'
export { scenarios } from './scenarios/index.ts'
export type { Scenario } from './scenarios/scenario.ts'
export { scenarioFrom } from './scenarios/scenario-file.ts'
