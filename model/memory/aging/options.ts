import { z } from 'zod'
import { count, id, list } from '../option-kinds.ts'

/** Aging of host pages, without mmu_lock. `rmap_is_locked()` says which steps wait for its rmap locks. */
export const agingOptions = z.strictObject({
  /** Calls that age a page. */
  calls: count.default(0),
  /** The frames whose pages are aged. */
  of: list(id).default([]),
})
