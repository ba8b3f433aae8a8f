/**
 * The modelling language: shapes of a state, programs of atomic steps, systems of threads, properties, and patches.
 * Exported by the package as `mmucheck/language`; files of this repository import what they use directly.
 */

export { isChanged } from './changes.ts'
export { ModelError } from './errors.ts'
export type {
  Binding,
  Comparison,
  Condition,
  HarnessStep,
  Name,
  Names,
  Observation,
  ObservedLog,
  Owed,
  OwedStep,
  Requirement,
  StepOfKind,
  StepPath,
  Value,
} from './observation.ts'
export { copy, drop, insert, move, only, type Patch, replace, whereFound } from './patch.ts'
export { isAt, type Places, places } from './places.ts'
export {
  type About,
  block,
  type Case,
  choice,
  type Entry,
  type Program,
  program,
  type Step,
  step,
  when,
} from './program.ts'
export { type Fairness, Oops, OutOfBounds, type Property, WEAK_FAIRNESS } from './property.ts'
export {
  array,
  flag,
  id,
  oneOf,
  range,
  ref,
  type Shape,
  type Sort,
  setOf,
  setOfNames,
  sort,
  struct,
  type View,
} from './shapes.ts'
export { type Counters, compose, each, one, type System } from './system.ts'
export type { Trace, TraceStep } from './trace.ts'
