import { z } from 'zod'
import { choice, count, id, list } from '../option-kinds.ts'

export const faultOptions = z
  .strictObject({
    fast: choice
      .default(false)
      .describe(
        'Try to restore write permission without mmu_lock (fast_page_fault()). For direct roots only.',
      ),
    prefaults: count.default(0).describe('KVM_PRE_FAULT_MEMORY ioctls that userspace makes for each vCPU.'),
  })
  .describe('Ways to handle a page fault besides the slow one of shadow paging.')

export const asyncPfOptions = z
  .strictObject({
    on: choice.default(false).describe('Faults on pages that are swapped out are handled asynchronously.'),
    swappedOut: list(id).default([]).describe('The frames whose host page is swapped out at the start.'),
  })
  .describe(
    'Asynchronous page faults (KVM_ASYNC_PF): a fault on a page that is swapped out waits in a kworker. Guests only read.',
  )
