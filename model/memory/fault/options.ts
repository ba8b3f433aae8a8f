import { z } from 'zod'
import { choice, count, id, list } from '../option-kinds.ts'

/** Ways to handle a page fault besides the slow one of shadow paging. */
export const faultOptions = z.strictObject({
  /** Try to give back write permission without mmu_lock. For direct roots only. */
  fast: choice.default(false),
  /** L1's page faults, on the direct pages of root_mmu, which take mmu_lock for read. */
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
