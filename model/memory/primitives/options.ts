import { z } from 'zod'
import { choice } from '../option-kinds.ts'

export const memoryOrderOptions = z
  .strictObject({
    barriers: choice.default(false).describe('Memory barriers are steps.'),
    storeBuffers: choice
      .default(false)
      .describe("Each vCPU's CPU has a store buffer (x86-TSO) of one entry."),
  })
  .describe('The order of memory accesses, where it is not sequential consistency.')
