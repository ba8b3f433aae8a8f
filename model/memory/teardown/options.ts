import { z } from 'zod'
import { choice } from '../option-kinds.ts'

/** The end of a VM. */
export const teardownOptions = z.strictObject({
  /** The process ends at some time, so that the VM is destroyed. (One vCPU, asynchronous page faults.) */
  closes: choice.default(false),
})
