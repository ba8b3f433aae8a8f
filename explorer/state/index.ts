/** Packed states and the sets that hold them: the public interface of this folder. */

export { SIZES_KEY, type Sizes } from './sizes.ts'
export { xoshiro } from './tabulation.ts'
