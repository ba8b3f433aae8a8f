import type { Reduce } from '../reduce/reduce-option.ts'

/**
 * Why something that makes searches smaller or faster was not, or not fully, applied to one. Data: words and names of
 * options are the command line's.
 */
export type NotApplied =
  /** The system declares no sort of several interchangeable ids. */
  | { readonly kind: 'nothing-symmetric'; readonly system: string }
  /** A sort that was declared symmetric is not. */
  | { readonly kind: 'asymmetric'; readonly why: string }
  /** Partial order, which costs shortest traces and time. */
  | { readonly kind: 'partial-order-not-needed' }
  /** Any reduction: none is proven to keep every fair cycle. */
  | { readonly kind: 'liveness-in-full' }
  /** Any reduction: several workers share the search. */
  | { readonly kind: 'shared-in-full' }
  | OneWorker

/** Why one worker made a search that several were asked for. */
export type OneWorker =
  | { readonly kind: 'checkpoints-of-one-worker' }
  | { readonly kind: 'reduction-of-one-worker'; readonly reduce: Reduce }
  /** Symmetry saves more than workers do. */
  | { readonly kind: 'symmetry-of-one-worker' }
  /** The property is judged on all edges, which must be in one place. */
  | { readonly kind: 'graph-of-one-worker'; readonly property: string }
