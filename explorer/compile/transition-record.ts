/** How a recorded behaviour lies in `CompiledSystem.leaves`. */

/** Leaf that stands for "the step is not enabled". Behaviour leaves have larger numbers. */
export const DISABLED = -1

/**
 * Offsets into a behaviour record in `leaves`. In front of it lie as many words as a packed state has: what
 * the behaviour changes, as a state's words by exclusive or. The pairs at the end say the same in few words.
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
  /** How often the behaviour was taken, an unsigned 32-bit count. */
  fired: 5,
  /** Number of the step. */
  step: 6,
  /** Number of (word, xor mask) pairs that follow. */
  changes: 7,
  /** The judge's: which questions to ask anew after it, see AnswerClasses; 0 when not known yet. */
  asks: 8,
  first: 9,
} as const
