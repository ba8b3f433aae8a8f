import { z } from 'zod'
import { count } from '../option-kinds.ts'

export const rootsOptions = z
  .strictObject({
    prev: count.default(0).describe('Cached previous roots (KVM_MMU_NUM_PREV_ROOTS is 3).'),
    pae: count
      .default(0)
      .describe(
        "Entries of PAE roots: root.hpa is then the vCPU's `pae_root`, which has no shadow page. 0: none.",
      ),
  })
  .describe('The roots of a vCPU.')
