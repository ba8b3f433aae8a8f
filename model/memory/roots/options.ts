import { z } from 'zod'
import { count } from '../option-kinds.ts'

/** The roots of a vCPU. */
export const rootsOptions = z.strictObject({
  /** Cached previous roots (KVM_MMU_NUM_PREV_ROOTS is 3). */
  prev: count.default(0),
  /** Entries of PAE roots: root.hpa is then the vCPU's `pae_root`, which has no shadow page. 0: none. */
  pae: count.default(0),
})
