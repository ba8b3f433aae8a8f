import { z } from 'zod'

/** A count in the bounds of a scenario. The limit keeps a scenario from outside from asking for all memory. */
export const count = z.int().min(0).max(16)

/** Whether a part of the model is in use. */
export const choice = z.boolean()

/** The number of a frame, page, entry or address. */
export const id = z.int().min(0).max(15)
