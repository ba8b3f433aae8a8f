import { z } from 'zod'
import { choice, count, id, list } from '../option-kinds.ts'

export const agingOptions = z
  .strictObject({
    calls: count.default(0).describe('Calls that age a page.'),
    of: list(id).default([]).describe('The frames whose pages are aged.'),
    accessed: choice
      .default(false)
      .describe(
        'SPTEs have an Accessed bit, and the calls are judged by what they report. The frames of `of` are then one page of user memory, each in a separate memslot, in the order in which a call visits them.',
      ),
    withoutAd: choice
      .default(false)
      .describe(
        'The hardware sets no Accessed bit: aging clears the permissions of an SPTE (access tracking), and the next access faults.',
      ),
  })
  .describe(
    'Aging of host pages, without mmu_lock. machines/aging/README.md says which steps wait for its rmap locks.',
  )
