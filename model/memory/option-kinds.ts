import { z } from 'zod'

/** A count in the bounds of a scenario. Limited, so that a scenario file cannot ask for all memory. */
export const count = z.int().min(0).max(16)

/** Whether a part of the model is in use. */
export const choice = z.boolean()

/** The number of a frame, page, entry or address. */
export const id = z.int().min(0).max(15)

/** A list in the bounds. Limited for the same reason, far above what can be searched. */
export const list = <T extends z.ZodType>(element: T) =>
  z.array(element).max(64, 'must have at most 64 elements')
