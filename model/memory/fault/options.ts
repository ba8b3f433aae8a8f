import { z } from 'zod'
import { choice, count, id, list } from '../option-kinds.ts'

/** Ways to handle a page fault besides the slow one of shadow paging. */
export const faultOptions = z.strictObject({
  /** Try to restore write permission without mmu_lock (fast_page_fault()). For direct roots only. */
  fast: choice.default(false),
  /** L1 faults, too: on the direct pages of root_mmu, in the TDP MMU, with mmu_lock held for read. */
  tdp: choice.default(false),
  /** KVM_PRE_FAULT_MEMORY ioctls that userspace makes for each vCPU. */
  prefaults: count.default(0),
})

/** Asynchronous page faults (KVM_ASYNC_PF): a fault on a page that is swapped out waits in a kworker. Guests only read. */
export const asyncPfOptions = z.strictObject({
  on: choice.default(false),
  /** The frames whose host page is swapped out at the start. */
  swappedOut: list(id).default([]),
})
