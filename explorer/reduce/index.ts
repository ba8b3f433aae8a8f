/** Symmetry and partial-order reduction: the public interface of this folder. */

export { REDUCE, type Reduce } from './reduce-option.ts'
export { better, isTooLarge, NOTHING_REDUCED, type ReductionReport } from './reduction.ts'
export { contradictions } from './self-check.ts'
export { AsymmetryError } from './symmetry/asymmetry.ts'
