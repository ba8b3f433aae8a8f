import { z } from 'zod'

/** What the reductions of a search have learned and counted, as it stands in a checkpoint. */

const count = z.number().int().nonnegative()
const numbers = z.array(z.number().int())

/** A claim of symmetry that turned out false: the sort, and why. */
const refusal = z.object({ sort: z.string(), why: z.string() })
export type Refusal = z.infer<typeof refusal>

const symmetry = z.object({ represented: z.number().positive() })
export type SymmetryState = z.infer<typeof symmetry>

const dependency = z.object({ reads: z.array(numbers), writes: z.array(numbers), seen: z.array(numbers) })
export type DependencyState = z.infer<typeof dependency>

/** Its tree lies in a section of its own. */
const persistentSets = z.object({
  /** False when the choices were made on less than was known then, so that they are forgotten. */
  current: z.boolean(),
  root: z.number().int(),
  choices: count,
  lists: z.array(numbers),
  guardReads: numbers,
  guardReadsThen: numbers,
})
export type PersistentSetsState = z.infer<typeof persistentSets>

const partialOrder = z.object({
  reduced: count,
  rounds: count,
  decidedOn: z.string().nullable(),
  dependency,
  sets: persistentSets,
})
export type PartialOrderState = z.infer<typeof partialOrder>

export const reductionState = z.object({
  refused: z.array(refusal),
  symmetry: symmetry.nullable(),
  partialOrder: partialOrder.nullable(),
})
export type ReductionState = z.infer<typeof reductionState>
