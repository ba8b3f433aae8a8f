import { z } from 'zod'
import { choice, count } from '../option-kinds.ts'

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
    recoveries: count
      .default(0)
      .describe(
        'How often a kernel thread recovers an NX huge page; at the start page 1 of the scenario stands in for one.',
      ),
  })
  .describe('The TDP MMU (two-dimensional paging).')
