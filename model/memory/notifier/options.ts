import { z } from 'zod'
import { choice, count, id, list } from '../option-kinds.ts'

/** The host's memory. */
export const hostOptions = z.strictObject({
  /** Host pages; guest frame g starts on host page g. */
  pfns: count.default(2),
  /** Track which pages the guest wrote, in the D bit of SPTEs and for the host. */
  dirty: choice.default(false),
})

/** Threads that invalidate host pages through the mmu notifier. */
export const notifierOptions = z
  .strictObject({
    threads: count.default(1),
    /** How often each of them does. */
    invalidations: count.default(1),
    /** The frames whose pages they take. */
    of: list(id).default([]),
  })
  .default({ threads: 0, invalidations: 0, of: [] })
