import { z } from 'zod'
import { choice } from '../option-kinds.ts'

export const tdpOptions = z
  .strictObject({
    on: choice
      .default(false)
      .describe(
        'The TDP MMU: L1 runs on direct roots, which translate guest-physical addresses, and its faults hold mmu_lock for read. With one MMU per vCPU (nested.mmus) there are no shadow pages.',
      ),
    yields: choice
      .default(false)
      .describe('Walks that may yield drop mmu_lock between two entries, as if it were always contended.'),
    huge: choice
      .default(false)
      .describe(
        'A fault may choose level 2, where the host pages of a whole table are contiguous; the other faults choose level 1.',
      ),
  })
  .describe('The TDP MMU (two-dimensional paging).')
