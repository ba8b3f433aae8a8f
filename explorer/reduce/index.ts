/** What a search may leave out. What the command line, the gate and the benchmarks may use of this folder. */

export { REDUCE, type Reduce } from './reduce.ts'
export { better, isTooLarge, NOTHING_REDUCED, type ReductionReport } from './reduction.ts'
export { contradictions } from './self-check.ts'
export { AsymmetryError } from './symmetry/asymmetry.ts'
