import { z } from 'zod'
import { choice } from '../option-kinds.ts'

export const teardownOptions = z
  .strictObject({
    closes: choice
      .default(false)
      .describe('The process may end, which destroys the VM. Needs one vCPU and asynchronous page faults.'),
  })
  .describe('The end of a VM.')
