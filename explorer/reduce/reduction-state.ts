import { z } from 'zod'

/** The state of a search's reductions in a checkpoint: refused claims and counters. The keys are a file format. */

const count = z.int().nonnegative()

/** One line of text to print: no control characters, and none that change the direction of writing. */
const line = z
  .string()
  .max(1000)
  .regex(/^[^\p{Cc}\p{Cf}\p{Zl}\p{Zp}]*$/u)

/** A claim of symmetry that turned out false: the sort, and why. */
const refusal = z.object({ sort: line, why: line })
export type Refusal = z.infer<typeof refusal>

const symmetry = z.object({ represented: z.number().positive() })
export type SymmetryState = z.infer<typeof symmetry>

/** The lengths of compressed paths are in a separate section of the checkpoint. */
const partialOrder = z.object({ reduced: count, passed: count })
export type PartialOrderState = z.infer<typeof partialOrder>

export const reductionState = z.object({
  refused: z.array(refusal),
  symmetry: symmetry.nullable(),
  partialOrder: partialOrder.nullable(),
})
export type ReductionState = z.infer<typeof reductionState>
