import { z } from 'zod'
import { choice } from '../option-kinds.ts'

/** The end of a VM. */
export const teardownOptions = z.strictObject({
  /** The process may end, which destroys the VM. Needs one vCPU and asynchronous page faults. */
  closes: choice.default(false),
})
