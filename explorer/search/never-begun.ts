import type { Property } from '../../model/language/property.ts'
import { NOTHING_REDUCED } from '../reduce/reduction.ts'
import { type ModelFailure, propertyResult, type SearchResult } from './result.ts'
import type { StopReason } from './stop-reason.ts'

/** The result of a search that did not start, because the caller stopped it or the model is wrong. */
export const neverBegun = (
  properties: readonly Property<never>[],
  incompleteReason: StopReason,
  modelError: ModelFailure | null = null,
): SearchResult => ({
  complete: false,
  incompleteReason,
  states: 0,
  transitions: 0,
  depth: 0,
  deadlocks: 0,
  seconds: 0,
  bytesPerState: 0,
  collisionProbability: 0,
  collisionMeasured: null,
  steps: new Map(),
  properties: properties.map((property) => propertyResult(property, 'inconclusive')),
  reduction: NOTHING_REDUCED,
  coverage: null,
  workers: 0,
  modelError,
})
