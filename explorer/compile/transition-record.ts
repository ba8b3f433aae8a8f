/** Layout of a transition record in `CompiledSystem.records`. */

/** Stands for "the step is not enabled" in a tree of transitions. Offsets of records are larger. */
export const DISABLED = -1

/**
 * Offsets into a transition record. The words in front of it, as many as a packed state has, are the exclusive or
 * of the states before and after; the (word, mask) pairs at the end repeat the words that are not zero.
 */
export const RECORD = {
  hashLow: 0,
  hashHigh: 1,
  /** Bit per action property that this step violates. */
  violated: 2,
  /** Bit per action property whose antecedent is true. */
  antecedent: 3,
  /** 1 + index into `faults`, or 0. */
  fault: 4,
  /** How often the transition was taken, an unsigned 32-bit count. */
  fired: 5,
  /** Number of the step. */
  step: 6,
  /** Number of (word, xor mask) pairs that follow. */
  changes: 7,
  /** Cached by Valuations: which state predicates the transition may change; 0 when not known yet. */
  affected: 8,
  first: 9,
} as const
