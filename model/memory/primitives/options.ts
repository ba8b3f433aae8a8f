import { z } from 'zod'
import { choice } from '../option-kinds.ts'

/** The order of memory accesses, where it is not sequential consistency. */
export const memoryOrderOptions = z.strictObject({
  /** Memory barriers are steps. */
  barriers: choice.default(false),
  /** Each vCPU's CPU has a store buffer (x86-TSO) of one entry. */
  storeBuffers: choice.default(false),
})
