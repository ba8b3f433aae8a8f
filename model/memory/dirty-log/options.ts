import { z } from 'zod'
import { choice, count, id, list } from '../option-kinds.ts'

/** The dirty log of a memslot, and userspace that reads and clears it. */
export const dirtyLogOptions = z.strictObject({
  /** Frames whose memslot has KVM_MEM_LOG_DIRTY_PAGES set. */
  of: list(id).default([]),
  /** How often userspace reads and clears the log. */
  passes: count.default(0),
  /** The log is off at the start and userspace switches it on: a fault may have seen the slot without it. */
  enables: choice.default(false),
  /** Reading the log leaves it as it is until userspace clears it (KVM_CAP_MANUAL_DIRTY_LOG_PROTECT2). */
  manualProtect: choice.default(false),
})
