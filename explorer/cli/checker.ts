import type { Catalogue } from './catalogue.ts'

/** A catalogue, and what identifies this build of the program and its model. */
export interface Checker {
  readonly catalogue: Catalogue
  /** Version of the package. */
  readonly version: string
  /** Hash of the model, see `builtModelHash`; the same in results, counterexamples, mails and `doctor`. */
  readonly modelHash: () => string
}
