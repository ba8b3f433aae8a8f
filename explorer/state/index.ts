/** Packed states, and the sets that hold them. What the command line, the gate and the benchmarks may use of this folder. */

export { SIZES_KEY, type Sizes } from './sizes.ts'
export { xoshiro } from './tabulation.ts'
