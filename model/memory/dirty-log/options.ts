import { z } from 'zod'
import { choice, count, id, list } from '../option-kinds.ts'

export const dirtyLogOptions = z
  .strictObject({
    of: list(id).default([]).describe('Frames whose memslot has KVM_MEM_LOG_DIRTY_PAGES set.'),
    passes: count.default(0).describe('How often userspace reads and clears the log.'),
    enables: choice
      .default(false)
      .describe(
        'The log is off at the start and userspace switches it on: a fault may have seen the slot without it.',
      ),
    lockBreak: choice
      .default(false)
      .describe('mmu_lock is dropped between the frames while the slot is write-protected.'),
    manualProtect: choice
      .default(false)
      .describe(
        'Reading the log leaves it as it is until userspace clears it (KVM_CAP_MANUAL_DIRTY_LOG_PROTECT2).',
      ),
  })
  .describe('The dirty log of a memslot, and userspace that reads and clears it.')
