import { ModelError } from '../../model/language/errors.ts'
import type { Trace } from '../../model/language/trace.ts'
import { AsymmetryError } from '../reduce/symmetry/asymmetry.ts'
import type { PropertyResult, SearchResult } from './result.ts'

/** Model code failed during a search. Violations found before stay violations, whatever is wrong elsewhere. */
export class FailedSearch extends ModelError {
  /** The steps to the failure, the failing one last; null if they are not known. */
  readonly trace: Trace | null
  /** The result up to the failure: incomplete, with the failure in `modelError`. */
  readonly result: SearchResult

  constructor(message: string, trace: Trace | null, result: SearchResult, options?: ErrorOptions) {
    super(message, options)
    this.trace = trace
    this.result = { ...result, modelError: { message, trace } }
  }
}

/** The code of a liveness property failed. */
export class FailedLiveness extends ModelError {
  /** The steps to the state on which it failed. */
  readonly trace: Trace | null
  /** The results: inconclusive where the code failed. */
  readonly results: readonly PropertyResult[]

  constructor(
    message: string,
    trace: Trace | null,
    results: readonly PropertyResult[],
    options?: ErrorOptions,
  ) {
    super(message, options)
    this.trace = trace
    this.results = results
  }
}

/** Whether an error ends a search for good; after an asymmetry, another search follows. */
export function isFinal(error: unknown): error is ModelError {
  return error instanceof ModelError && !(error instanceof AsymmetryError)
}
