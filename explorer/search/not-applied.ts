import type { Reduce } from '../reduce/reduce-option.ts'

/**
 * Why a reduction, or a request for several workers, was not applied to a search, or only in part. Tagged data: the
 * command line puts it into words.
 */
export type NotApplied =
  /** The system declares no sort of several interchangeable ids. */
  | { readonly kind: 'nothing-symmetric'; readonly system: string }
  /** A sort that was declared symmetric is not. */
  | { readonly kind: 'asymmetric'; readonly why: string }
  /** Symmetry: of two permutations it costs more time than it saves. */
  | { readonly kind: 'symmetry-not-needed' }
  /** Partial-order reduction: it costs shortest traces and time. */
  | { readonly kind: 'partial-order-not-needed' }
  /** Any reduction: none is proven to preserve every fair cycle. */
  | { readonly kind: 'liveness-in-full' }
  /** Any reduction: several workers share the search. */
  | { readonly kind: 'shared-in-full' }
  | OneWorker

/** Why one worker did a search for which several were requested. */
export type OneWorker =
  | { readonly kind: 'checkpoints-of-one-worker' }
  | { readonly kind: 'reduction-of-one-worker'; readonly reduce: Reduce }
  /** Symmetry saves more than workers do. */
  | { readonly kind: 'symmetry-of-one-worker' }
