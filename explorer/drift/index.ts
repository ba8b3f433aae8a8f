/**
 * Compares a model with the C sources that its steps stand for: a table of facts about functions, and the statements
 * that steps name. Knows C and the modelling language, no kernel: what is cited comes from the model.
 */

export { loadCParser } from './c-parser.ts'
export { type Citations, citationsOf } from './cited.ts'
export { type Definitions, definitionsIn } from './definitions.ts'
export { type Drift, driftOf, type GoneFunction, isInStep } from './drift.ts'
export { type Facts, factsOf, factsSchema, matching } from './facts.ts'
export type { FoundStep, WrongOrder } from './order.ts'
export { NoTree, sourcesIn } from './source-tree.ts'
