import { z } from 'zod'
import { count, id, list } from '../option-kinds.ts'

export const agingOptions = z
  .strictObject({
    calls: count.default(0).describe('Calls that age a page.'),
    of: list(id).default([]).describe('The frames whose pages are aged.'),
  })
  .describe(
    'Aging of host pages, without mmu_lock. machines/aging/README.md says which steps wait for its rmap locks.',
  )
